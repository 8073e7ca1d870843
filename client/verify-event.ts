/** Tells whether a webhook's call is ours: signed as Standard Webhooks has it. Loaded only where somebody asks for it. */
import type { AnyEvent } from "../shared/api/events.ts";

/** Why a call is not trusted: its headers are none, it is old or of tomorrow, or nobody who has the secret signed it. */
export type Doubt = "headers" | "timestamp" | "signature";

/** The call was not signed by the secret, or not lately: answer 401, and do nothing with it. */
export class EventNotVerified extends Error {
  override readonly name = "EventNotVerified";
  readonly reason: Doubt;

  constructor(reason: Doubt) {
    super(`The call is not trusted: ${reason}`);
    this.reason = reason;
  }
}

/** Headers as `fetch` has them, or as Node, Express and Lambda do: the names in any case. */
export type CallHeaders =
  Pick<Headers, "get"> | Readonly<Record<string, string | readonly string[] | undefined>>;

/** How a call is looked at, besides its secret. */
export interface VerifyOptions {
  /** The present instant, in milliseconds; for tests. */
  readonly nowMs?: number;
}

/** A call may be so many seconds old, or ahead: who records one cannot send it again later. */
const toleranceSeconds = 300;
/** There are never more: a secret, the one before, and some that a receiver does not know. */
const mostSignatures = 20;

function readHeader(headers: CallHeaders, name: string): string {
  const found = isHeaders(headers)
    ? headers.get(name)
    : Object.entries(headers).find(([key]) => key.toLowerCase() === name)?.[1];
  const text = typeof found === "object" ? found?.[0] : found;
  if (!text) throw new EventNotVerified("headers");
  return text;
}

function isHeaders(headers: CallHeaders): headers is Pick<Headers, "get"> {
  return typeof headers.get === "function";
}

/** Bytes of base64, or undefined where it is none. */
function parseBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  } catch {
    return undefined;
  }
}

function importSecret(secret: string) {
  const key = parseBase64(secret.replace(/^whsec_/, ""));
  if (!key || key.length === 0) throw new TypeError("The secret is whsec_ and base64");
  const algorithm = { name: "HMAC", hash: "SHA-256" };
  return crypto.subtle.importKey("raw", key, algorithm, false, ["verify"]);
}

function toBytes(body: string | Uint8Array): Uint8Array {
  if (typeof body === "string") return new TextEncoder().encode(body);
  if (body instanceof Uint8Array) return body;
  throw new TypeError("The body has to be as it came, before it is parsed");
}

/**
 * The event in a call, once it is certain that somebody who has the secret signed it within the last five minutes. Any
 * of the call's signatures may fit any of the secrets, so that neither side's change of secrets loses a call. Signatures
 * are compared in constant time (WebCrypto), in Node, browsers and edge functions alike. Asks nobody.
 *
 * A call that is repeated is signed anew, with the same id: pass over an id that you have.
 *
 * @param body as it came, text or bytes; a body that was parsed and written again is another one
 * @throws EventNotVerified with the reason; TypeError where secret or body are none
 * @example const event = await verifyEvent(await request.text(), request.headers, secret);
 */
export async function verifyEvent(
  body: string | Uint8Array,
  headers: CallHeaders,
  secret: string | readonly string[],
  { nowMs = Date.now() }: VerifyOptions = {},
): Promise<AnyEvent> {
  const bytes = toBytes(body);
  const keys = await Promise.all(
    (typeof secret === "string" ? [secret] : secret).map(importSecret),
  );
  const [id, timestamp, given] = ["id", "timestamp", "signature"].map((part) =>
    readHeader(headers, `webhook-${part}`),
  ) as [string, string, string];
  if (!/^\d{1,12}$/.test(timestamp)) throw new EventNotVerified("headers");
  const ageSeconds = Math.floor(nowMs / 1_000) - Number(timestamp);
  if (Math.abs(ageSeconds) > toleranceSeconds) throw new EventNotVerified("timestamp");

  const head = new TextEncoder().encode(`${id}.${timestamp}.`);
  const signed = new Uint8Array(head.length + bytes.length);
  signed.set(head);
  signed.set(bytes, head.length);
  for (const each of given.split(" ", mostSignatures)) {
    const signature = each.startsWith("v1,") ? parseBase64(each.slice(3)) : undefined;
    if (!signature) continue;
    for (const key of keys) {
      if (await crypto.subtle.verify("HMAC", key, signature, signed)) {
        return JSON.parse(new TextDecoder().decode(bytes)) as AnyEvent;
      }
    }
  }
  throw new EventNotVerified("signature");
}
