/** Turns CDK context into settings that the rest of the app can trust; nothing else reads context. */
import type { Node } from "constructs";

/** The payment providers that the stack knows; each has a secret and may have settings of its own. */
export const providers = ["stripe", "razorpay", "wompi", "sandbox"] as const;

/** The name of one payment provider. */
export type ProviderName = (typeof providers)[number];

/** What one payment provider may be told: its own deadline in seconds, and where its API is. */
export interface ProviderSettings {
  readonly seconds?: number;
  readonly baseUrl?: string;
}

/** Everything a deployment can choose. Durations are whole seconds. */
export interface Settings {
  readonly stage: "dev" | "prod";
  /** A token issuer of the owner's own; without it the stack makes a Cognito user pool. */
  readonly tokens?: { readonly issuer: string; readonly audience: readonly string[] };
  /** The claim that lists a caller's groups, and the exact name of the one that administers. */
  readonly groupsClaim: string;
  readonly adminGroup: string;
  /** The web origins whose pages may call the API; none by default. */
  readonly allowOrigins: readonly string[];
  readonly holdSeconds: number;
  readonly paymentSeconds: number;
  readonly maxHoldSeconds: number;
  readonly sweep: boolean;
  /** Who hears the alarms; each address confirms its subscription by a mail from AWS. */
  readonly alarmEmail: readonly string[];
  readonly onPaymentFailure: "release" | "keep";
  readonly cartLocking: "on" | "off";
  readonly lockTimeoutSeconds: number;
  readonly providers: Readonly<Record<ProviderName, ProviderSettings>>;
}

/** Context holds a value that cannot be used; the message names every such key and what it takes. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Wrong settings (cdk -c key=value):\n${problems.map((line) => `  ${line}`).join("\n")}`);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

const keys = [
  "stage",
  "issuer",
  "audience",
  "groupsClaim",
  "adminGroup",
  "allowOrigins",
  "holdSeconds",
  "paymentSeconds",
  "maxHoldSeconds",
  "sweep",
  "alarmEmail",
  "onPaymentFailure",
  "cartLocking",
  "lockTimeout",
  ...providers.flatMap((name) => [`payment.${name}.seconds`, `payment.${name}.baseUrl`]),
];

/** Reads single context values and collects what is wrong with them, so that all of it is told at once. */
class ContextReader {
  readonly problems: string[] = [];
  readonly #node: Node;

  constructor(node: Node) {
    this.#node = node;
  }

  text(key: string): string | undefined {
    const value: unknown = this.#node.tryGetContext(key);
    if (value === undefined || value === null || value === "") return undefined;
    if (["string", "number", "boolean"].includes(typeof value)) return String(value).trim();
    this.problems.push(`${key} must be plain text, not ${JSON.stringify(value)}`);
    return undefined;
  }

  choice<const T extends string>(key: string, choices: readonly [T, ...T[]]): T {
    const value = this.text(key);
    const chosen = value === undefined ? choices[0] : choices.find((choice) => choice === value);
    if (chosen === undefined) {
      this.problems.push(`${key} must be ${choices.join(" or ")}, not "${value}"`);
    }
    return chosen ?? choices[0];
  }

  seconds<T extends number | undefined>(key: string, limits: { fallback: T; max: number }) {
    const value = this.text(key);
    if (value === undefined) return limits.fallback;
    const seconds = Number(value);
    if (/^\d+$/.test(value) && seconds >= 1 && seconds <= limits.max) return seconds;
    this.problems.push(
      `${key} must be a whole number of seconds from 1 to ${limits.max}, not "${value}"`,
    );
    return limits.fallback;
  }

  url(key: string, protocols: readonly string[]): string | undefined {
    const value = this.text(key);
    if (value === undefined) return undefined;
    if (URL.canParse(value) && protocols.includes(new URL(value).protocol)) return value;
    this.problems.push(`${key} must be a URL (${protocols.join(" or ")}), not "${value}"`);
    return undefined;
  }

  /** A misspelt key would silently leave the default in force, so near misses are refused. */
  refuseNearMisses(): void {
    const known = new Map(keys.map((key) => [key.toLowerCase(), key]));
    for (const given of Object.keys(this.#node.getAllContext())) {
      if (keys.includes(given)) continue;
      const meant = known.get(given.toLowerCase());
      if (meant !== undefined)
        this.problems.push(`${given} is not a setting; did you mean ${meant}?`);
      else if (given.startsWith("payment.")) {
        this.problems.push(
          `${given} is not a setting; payment settings are payment.<provider>.seconds and ` +
            `payment.<provider>.baseUrl, with ${providers.join(", ")} as <provider>`,
        );
      }
    }
  }
}

/**
 * Reads and checks every setting; what is not given has its default.
 *
 * @throws SettingsError naming every wrong key and what it takes; nothing has been built by then.
 */
export function readSettings(node: Node): Settings {
  const read = new ContextReader(node);
  read.refuseNearMisses();
  const tokens = readTokens(read);
  const settings: Settings = {
    stage: read.choice("stage", ["dev", "prod"]),
    ...(tokens && { tokens }),
    groupsClaim: read.text("groupsClaim") ?? "cognito:groups",
    adminGroup: read.text("adminGroup") ?? "admin",
    allowOrigins: readOrigins(read),
    holdSeconds: read.seconds("holdSeconds", { fallback: 300, max: 86_400 }),
    paymentSeconds: read.seconds("paymentSeconds", { fallback: 600, max: 86_400 }),
    maxHoldSeconds: read.seconds("maxHoldSeconds", { fallback: 3600, max: 604_800 }),
    sweep: read.choice("sweep", ["on", "off"]) === "on",
    alarmEmail: readAddresses(read),
    onPaymentFailure: read.choice("onPaymentFailure", ["release", "keep"]),
    cartLocking: read.choice("cartLocking", ["off", "on"]),
    // A request lives 29 s at most (API Gateway), and must still answer after waiting in vain.
    lockTimeoutSeconds: read.seconds("lockTimeout", { fallback: 5, max: 20 }),
    providers: {
      stripe: readProvider(read, "stripe"),
      razorpay: readProvider(read, "razorpay"),
      wompi: readProvider(read, "wompi"),
      sandbox: readProvider(read, "sandbox"),
    },
  };
  if (settings.holdSeconds > settings.maxHoldSeconds) {
    read.problems.push("holdSeconds must not be longer than maxHoldSeconds");
  }
  if (read.problems.length > 0) throw new SettingsError(read.problems);
  return settings;
}

function readTokens(read: ContextReader): Settings["tokens"] {
  const issuer = read.url("issuer", ["https:"]);
  const audience = read.text("audience");
  if (read.text("issuer") === undefined && audience === undefined) return undefined;
  if (issuer !== undefined && audience !== undefined) {
    return { issuer, audience: audience.split(",").map((entry) => entry.trim()) };
  }
  if (read.text("issuer") === undefined || audience === undefined) {
    read.problems.push("issuer and audience must be given together");
  }
  return undefined;
}

function readOrigins(read: ContextReader): string[] {
  const given = read.text("allowOrigins")?.split(",") ?? [];
  const origins = given.map((entry) => entry.trim());
  // Compared as text by API Gateway: a path or a slash at the end would never match a browser's origin.
  if (origins.some((entry) => !URL.canParse(entry) || new URL(entry).origin !== entry)) {
    read.problems.push("allowOrigins must be origins like https://shop.example.com, with commas");
  }
  return origins;
}

function readAddresses(read: ContextReader): string[] {
  const given = read.text("alarmEmail")?.split(",") ?? [];
  const addresses = given.map((entry) => entry.trim());
  if (addresses.some((entry) => !/^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/.test(entry))) {
    read.problems.push("alarmEmail must be mail addresses like ops@example.com, with commas");
  }
  return addresses;
}

function readProvider(read: ContextReader, name: ProviderName): ProviderSettings {
  const seconds = read.seconds(`payment.${name}.seconds`, { fallback: undefined, max: 86_400 });
  // Plain http is for stand-ins on this machine; a provider's real API never is.
  const baseUrl = read.url(`payment.${name}.baseUrl`, ["https:", "http:"]);
  return { ...(seconds !== undefined && { seconds }), ...(baseUrl !== undefined && { baseUrl }) };
}
