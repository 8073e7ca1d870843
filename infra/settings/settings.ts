/** Turns CDK context into settings that the rest of the app can trust; nothing else reads context. */
import { type Canary, parseCanary, productionCanary } from "./canary.ts";
import { type Context, ContextReader, omitMissing } from "./context-reader.ts";
import { type Capacity, readCapacity } from "./capacity.ts";
import { type ProviderName, providerNames } from "../../shared/api/payment-providers.ts";
import { type AddressSettings, readAddress } from "./address.ts";
import { definitions, providerDefinitions } from "./definitions.ts";
import { type Keeping, readKeeping } from "./keeping.ts";
import { type HostedPages, type PagesSettings, type TokenSettings } from "./sign-in.ts";
import { readHostedPages, readPages, readTokens } from "./sign-in.ts";

/** What one payment provider may be told: its own deadline in seconds, and where its API is. */
export interface ProviderSettings {
  readonly seconds?: number;
  /** How long an order holds its units while a bank is at work on its payment. */
  readonly maxHoldSeconds?: number;
  readonly baseUrl?: string;
}

/** What one shopper may withhold from all others; 0 lifts a limit. */
interface Limits {
  readonly maxOpenOrders: number;
  readonly maxUnitsPerLine: number;
  readonly maxUnpaidOrders: number;
  readonly unpaidPauseSeconds: number;
}

/** What one user may withhold by locks. */
interface LockLimits {
  /** 0 lifts it. */
  readonly maxLocksPerUser: number;
  readonly maxLockSeconds: number;
}

interface LearnedHolds {
  readonly mode: "off" | "suggest" | "apply";
  readonly leastSeconds: number;
  readonly mostSeconds: number;
  readonly keptLongestPercent: number;
  /** What one late payment costs: a unit withheld for so long. */
  readonly latePaymentSeconds: number;
}

/** Everything a deployment can choose; `definitions.ts` says what each does. Durations are whole seconds. */
export interface Settings extends Keeping {
  readonly stage: string;
  readonly production: boolean;
  /** A token issuer of the owner's own; without it the stack makes a Cognito user pool. */
  readonly tokens?: TokenSettings;
  /** The claim that lists a caller's groups, and the exact name of the one that administers. */
  readonly groupsClaim: string;
  readonly adminGroup: string;
  /** Who may read and write documents that have no access list. */
  readonly documentAccess: "open" | "group";
  readonly editorsGroup: string;
  readonly allowOrigins: readonly string[];
  readonly holdSeconds: number;
  readonly paymentSeconds: number;
  readonly maxHoldSeconds: number;
  readonly capacity: Capacity;
  readonly cognitoPlan: "lite" | "essentials" | "plus";
  readonly limits: Limits;
  readonly lockLimits: LockLimits;
  readonly mailFrom?: string;
  readonly hostedPages?: HostedPages;
  /** Absent where the stack has no pages. */
  readonly pages?: PagesSettings;
  /** Whether everybody of the user pool needs a second factor. */
  readonly mfa: "optional" | "required";
  /** Where the API is reached, unless AWS makes that up. */
  readonly address?: AddressSettings;
  readonly tags: readonly (readonly [key: string, value: string])[];
  readonly sweep: boolean;
  readonly canary: Canary;
  readonly alarmEmail: readonly string[];
  readonly onPaymentFailure: "release" | "keep";
  /** For how long after an order's deadline money still buys what was ordered. */
  readonly lateMoneySeconds: number;
  readonly cartLocking: "on" | "off";
  readonly lockTimeoutSeconds: number;
  /** How long a provider's secret is good beside the one that took its place. */
  readonly secretOverlapHours: number;
  /** Rows of an item that turns hot by itself; below 2 none does. */
  readonly autoShards: number;
  readonly soldOutMemoryMs: number;
  /** An item of which so many units or fewer are available is low. */
  readonly lowStock: number;
  readonly learnedHolds: LearnedHolds;
  readonly providers: Readonly<Record<ProviderName, ProviderSettings>>;
}

/** Context holds a value that cannot be used; the message names every such key and what it takes. */
export class SettingsError extends Error {
  readonly problems: readonly string[];

  constructor(problems: readonly string[]) {
    super(`Wrong settings (docs/settings.md):\n${problems.map((line) => `  ${line}`).join("\n")}`);
    this.name = "SettingsError";
    this.problems = problems;
  }
}

/** Reads each setting by its key, as its definition asks. */
function createReaders(read: ContextReader) {
  type KeyOf<Kind> = {
    [K in keyof typeof definitions]: (typeof definitions)[K]["kind"] extends Kind ? K : never;
  }[keyof typeof definitions];
  return {
    choice: <K extends KeyOf<"choice">>(key: K) => read.choice(key, definitions[key]),
    number: <K extends KeyOf<"number">>(key: K) => read.number(key, definitions[key]),
    text: <K extends KeyOf<"text">>(key: K) => read.text(key, definitions[key]),
    list: <K extends KeyOf<"list">>(key: K) => read.list(key, definitions[key]),
  };
}

/**
 * Reads and checks every setting; what is not given has its default.
 *
 * @throws SettingsError naming every wrong key and what it takes; nothing has been built by then.
 */
export function readSettings(context: Context): Settings {
  const read = new ContextReader(context);
  read.refuseUnknownKeys();
  const { choice, number, text, list } = createReaders(read);
  const stage = text("stage");
  const production =
    read.given("production") === undefined ? stage === "prod" : choice("production") === "on";
  const settings: Settings = {
    stage,
    production,
    ...omitMissing({ tokens: readTokens(read) }),
    groupsClaim: text("groupsClaim"),
    adminGroup: text("adminGroup"),
    documentAccess: readDocumentAccess(read, production),
    editorsGroup: text("editorsGroup"),
    allowOrigins: list("allowOrigins"),
    holdSeconds: number("holdSeconds"),
    paymentSeconds: number("paymentSeconds"),
    maxHoldSeconds: number("maxHoldSeconds"),
    limits: readLimits(number),
    lockLimits: readLockLimits(number),
    capacity: readCapacity(read, production),
    cognitoPlan: choice("cognitoPlan"),
    ...omitMissing({ mailFrom: text("mailFrom") }),
    ...omitMissing({ hostedPages: readHostedPages(read), pages: readPages(read) }),
    mfa: choice("mfa"),
    ...omitMissing({ address: readAddress(read) }),
    tags: list("tags").map((pair) => pair.split("=") as [string, string]),
    ...readKeeping(read),
    sweep: choice("sweep") === "on",
    canary: parseCanary(text("canary") ?? (production ? productionCanary : "off")),
    alarmEmail: list("alarmEmail"),
    onPaymentFailure: choice("onPaymentFailure"),
    lateMoneySeconds: number("lateMoneySeconds"),
    cartLocking: choice("cartLocking"),
    lockTimeoutSeconds: number("lockTimeout"),
    secretOverlapHours: number("secretOverlapHours"),
    autoShards: number("autoShards"),
    soldOutMemoryMs: number("soldOutMemoryMs"),
    lowStock: number("lowStock"),
    learnedHolds: {
      mode: choice("learnedHolds"),
      leastSeconds: number("learnedHoldLeastSeconds"),
      mostSeconds: number("learnedHoldMostSeconds"),
      keptLongestPercent: number("keptLongestPercent"),
      latePaymentSeconds: number("latePaymentSeconds"),
    },
    providers: readProviders(read, production),
  };
  if (settings.holdSeconds > settings.maxHoldSeconds) {
    read.problems.push("holdSeconds must not be longer than maxHoldSeconds");
  }
  if (settings.learnedHolds.leastSeconds > settings.learnedHolds.mostSeconds) {
    read.problems.push("learnedHoldLeastSeconds must not be longer than learnedHoldMostSeconds");
  }
  if (stage === "prod" && !production) {
    read.problems.push("production=off contradicts stage=prod: give the stage another name");
  }
  if (read.problems.length > 0) throw new SettingsError([...new Set(read.problems)]);
  return settings;
}

/** Closed in production unless it is opened on purpose. */
function readDocumentAccess(read: ContextReader, production: boolean): "open" | "group" {
  const chosen = read.choice("documentAccess", definitions.documentAccess);
  return read.given("documentAccess") === undefined && production ? "group" : chosen;
}

/** Whether a stage was named at all: whoever deploys has to. */
export function namesStage(context: Context): boolean {
  return new ContextReader(context).given("stage") !== undefined;
}

function readLimits(number: ReturnType<typeof createReaders>["number"]): Limits {
  return {
    maxOpenOrders: number("maxOpenOrders"),
    maxUnitsPerLine: number("maxUnitsPerLine"),
    maxUnpaidOrders: number("maxUnpaidOrders"),
    unpaidPauseSeconds: number("unpaidPauseSeconds"),
  };
}

function readLockLimits(number: ReturnType<typeof createReaders>["number"]): LockLimits {
  return {
    maxLocksPerUser: number("maxLocksPerUser"),
    maxLockSeconds: number("maxLockSeconds"),
  };
}

function readProviders(read: ContextReader, production: boolean): Settings["providers"] {
  const entries = providerNames.map((name): [ProviderName, ProviderSettings] => {
    const seconds = read.number(`payment.${name}.seconds`, providerDefinitions.seconds);
    const longest = `payment.${name}.maxHoldSeconds`;
    const maxHoldSeconds = read.number(longest, providerDefinitions.maxHoldSeconds);
    const key = `payment.${name}.baseUrl`;
    const baseUrl = read.text(key, providerDefinitions.baseUrl);
    // Keys and card data would travel in the clear.
    if (production && baseUrl?.startsWith("http:")) {
      read.problems.push(`${key} must be a URL (https:) in production, not "${baseUrl}"`);
    }
    return [name, omitMissing({ seconds, maxHoldSeconds, baseUrl })];
  });
  return Object.fromEntries(entries) as Record<ProviderName, ProviderSettings>;
}
