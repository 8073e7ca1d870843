/** Providers of payments by the keys that their owner has, and their webhooks as any server hands them on. */
import { InvalidRequest } from "../shared/base/errors.ts";
import { providerFactories } from "../shared/providers/factories.ts";
import type {
  KeyReader,
  ProviderKeys,
  ProviderName,
  Providers,
  WebhookDelivery,
} from "../shared/providers/provider.ts";

/** Keys, or what reads them whenever they are needed: those of now, then, while they are being exchanged, those of before. */
export type KeysOf<Keys> = Keys | (() => Promise<readonly [Keys, ...Keys[]]>);

/** The providers that orders can be paid with, each with its keys. Its SDK is loaded when it is first called. */
export interface ProviderAccounts {
  /** Needs the packages `stripe` and `cockatiel`. The publishable key is only handed on to browsers. */
  readonly stripe?: KeysOf<{
    readonly secretKey: string;
    readonly webhookSecret: string;
    readonly publishableKey?: string;
  }>;
  /** Needs the packages `razorpay` and `cockatiel`. */
  readonly razorpay?: KeysOf<{
    readonly keyId: string;
    readonly keySecret: string;
    readonly webhookSecret: string;
  }>;
  /** Needs the package `cockatiel`. The webhook secret is what Wompi calls the secret of events. */
  readonly wompi?: KeysOf<{
    readonly publicKey: string;
    readonly privateKey: string;
    readonly integritySecret: string;
    readonly webhookSecret: string;
  }>;
  /** Needs the packages `mercadopago` and `cockatiel`. */
  readonly mercadopago?: KeysOf<{
    readonly publicKey: string;
    readonly accessToken: string;
    readonly webhookSecret: string;
  }>;
  /** Moves no money: never where goods are given for it. Signs by Standard Webhooks with a secret in Base64. */
  readonly sandbox?: KeysOf<{ readonly webhookSecret: string }>;
}

/** A webhook as it came: the very bytes of its body, or the text, and its headers by names in any case. */
export interface Webhook {
  readonly body: string | Uint8Array;
  readonly headers:
    | Iterable<readonly [string, string]>
    | Readonly<Record<string, string | readonly string[] | undefined>>;
}

type Entries = readonly (readonly [ProviderName, KeysOf<ProviderKeys>])[];

function listAccounts(accounts: ProviderAccounts): Entries {
  const given = Object.entries(accounts) as Entries;
  return given.filter(([, keys]) => keys !== undefined);
}

/** @throws Error for a provider that there is not, or whose webhooks could never be told from forged ones */
function makeReader(name: ProviderName, keys: KeysOf<ProviderKeys>): KeyReader {
  if (!Object.hasOwn(providerFactories, name)) throw new Error(`There is no provider ${name}`);
  if (typeof keys === "function") return keys;
  if (!keys["webhookSecret"]) throw new Error(`providers.${name} needs a webhookSecret`);
  return () => Promise.resolve([keys]);
}

/** How their keys are read, by their names. */
export function readersOf(accounts: ProviderAccounts): Partial<Record<ProviderName, KeyReader>> {
  const readers = listAccounts(accounts).map(([name, keys]) => [name, makeReader(name, keys)]);
  return Object.fromEntries(readers) as Partial<Record<ProviderName, KeyReader>>;
}

/** Makes the providers; nothing of their SDKs is loaded yet. */
export function makeProviders(
  readers: Partial<Record<ProviderName, KeyReader>>,
  baseUrls: Partial<Record<ProviderName, string>>,
): Providers {
  const made = (Object.entries(readers) as [ProviderName, KeyReader][]).map(([name, keys]) => {
    return [name, providerFactories[name]({ keys, baseUrl: baseUrls[name] })];
  });
  return Object.fromEntries(made) as Providers;
}

function isIterable(headers: Webhook["headers"]): headers is Iterable<readonly [string, string]> {
  return Symbol.iterator in headers;
}

/**
 * A webhook as providers read it.
 *
 * @throws InvalidRequest where the body was parsed already: nobody has signed what can be made of it
 */
export function readDelivery({ body, headers }: Webhook): WebhookDelivery {
  if (typeof body !== "string" && !(body instanceof Uint8Array)) {
    throw new InvalidRequest([
      { path: "body", message: "must be the text or the bytes that came" },
    ]);
  }
  const given = isIterable(headers) ? [...headers] : Object.entries(headers);
  const texts = given.map(([name, value]) => [
    name.toLowerCase(),
    typeof value === "string" ? value : value?.join(", "),
  ]);
  const bytes = typeof body === "string" ? Buffer.from(body) : Buffer.from(body);
  return { body: bytes, headers: Object.fromEntries(texts) as WebhookDelivery["headers"] };
}
