/** Every setting of a deployment as data: what it takes, what it is when not given, what it does. */

/** The payment providers that the stack knows; each has a secret and may have settings of its own. */
export const providers = ["stripe", "razorpay", "wompi", "sandbox"] as const;

/** The name of one payment provider. */
export type ProviderName = (typeof providers)[number];

/** The parts of the table of settings, in its order. */
export const sections = ["Stage", "Sign-in", "Orders and payment", "Operation"] as const;

interface Common {
  readonly section: (typeof sections)[number];
  /** One sentence for the table of settings. */
  readonly does: string;
}

/** One of a few words; the first is the default. */
export interface ChoiceDefinition extends Common {
  readonly kind: "choice";
  readonly choices: readonly [string, ...string[]];
  /** Said instead of the default where that depends on other settings. */
  readonly otherwise?: string;
}

/** A whole number. */
export interface NumberDefinition extends Common {
  readonly kind: "number";
  readonly unit: string;
  readonly default?: number;
  readonly least: number;
  readonly most: number;
}

/** Text of a shape, or several such texts with commas between them. */
export interface TextDefinition extends Common {
  readonly kind: "text" | "list";
  readonly default?: string;
  /** What each text is, with an example: `a name like staging`. */
  readonly like: string;
  readonly fits: (text: string) => boolean;
}

/** What a setting may take. */
export type Definition = ChoiceDefinition | NumberDefinition | TextDefinition;

const fits = (pattern: RegExp) => (text: string) => pattern.test(text);

/** Whether a text is a URL of one of these protocols. */
const isUrl =
  (...protocols: readonly string[]) =>
  (text: string): boolean =>
    URL.canParse(text) && protocols.includes(new URL(text).protocol);

/** Compared as text by API Gateway: a path or a slash at the end would never match a browser's origin. */
const isOrigin = (text: string): boolean => URL.canParse(text) && new URL(text).origin === text;

/** Every setting by its key, but for those of the payment providers. */
export const definitions = {
  stage: {
    section: "Stage",
    kind: "text",
    default: "dev",
    like: "a name like staging: lower-case letters, digits and dashes",
    fits: fits(/^[a-z][a-z0-9-]{0,31}$/),
    does: "names the stack (`Holdfast-<stage>`): each stage has tables, functions and an API of its own; `npm start` takes `dev`, deploying takes none by itself",
  },
  production: {
    section: "Stage",
    kind: "choice",
    choices: ["off", "on"],
    otherwise: "`on` for the stage `prod`, else `off`",
    does: "`on` keeps tables, logs and users when the stack goes, refuses its deletion, and leaves out the sandbox and the test routes",
  },
  issuer: {
    section: "Sign-in",
    kind: "text",
    like: "a URL (https:)",
    fits: isUrl("https:"),
    does: "an OpenID issuer of your own instead of a Cognito user pool; together with `audience`",
  },
  audience: {
    section: "Sign-in",
    kind: "list",
    like: "names of clients, with commas",
    fits: fits(/^\S+$/),
    does: "whose tokens of that issuer are for this API",
  },
  groupsClaim: {
    section: "Sign-in",
    kind: "text",
    default: "cognito:groups",
    like: "the name of a claim",
    fits: fits(/^\S+$/),
    does: "the claim of a token that lists its holder's groups",
  },
  adminGroup: {
    section: "Sign-in",
    kind: "text",
    default: "admin",
    like: "the name of a group",
    fits: fits(/^\S(?:.*\S)?$/),
    does: "the exact name of the group that administers",
  },
  allowOrigins: {
    section: "Sign-in",
    kind: "list",
    like: "origins like https://shop.example.com, with commas",
    fits: isOrigin,
    does: "origins whose pages may call the API",
  },
  holdSeconds: {
    section: "Orders and payment",
    kind: "number",
    unit: "seconds",
    default: 300,
    least: 1,
    most: 86_400,
    does: "how long a new order holds its units",
  },
  paymentSeconds: {
    section: "Orders and payment",
    kind: "number",
    unit: "seconds",
    default: 600,
    least: 1,
    most: 86_400,
    does: "how long a started payment holds them, from its start",
  },
  maxHoldSeconds: {
    section: "Orders and payment",
    kind: "number",
    unit: "seconds",
    default: 3600,
    least: 1,
    most: 604_800,
    does: "the longest that an order may hold units altogether",
  },
  onPaymentFailure: {
    section: "Orders and payment",
    kind: "choice",
    choices: ["release", "keep"],
    does: "`keep` lets the shopper try another card until the hold ends",
  },
  cartLocking: {
    section: "Orders and payment",
    kind: "choice",
    choices: ["off", "on"],
    does: "`on` replaces whole collections under a lock instead of by version",
  },
  lockTimeout: {
    section: "Orders and payment",
    kind: "number",
    unit: "seconds",
    default: 5,
    least: 1,
    // A request lives 29 s at most (API Gateway), and must still answer after waiting in vain.
    most: 20,
    does: "how long such a lock is waited for, and held, at the most",
  },
  sweep: {
    section: "Operation",
    kind: "choice",
    choices: ["on", "off"],
    does: "`off` switches the schedule off; nothing but reports depends on it",
  },
  alarmEmail: {
    section: "Operation",
    kind: "list",
    like: "mail addresses like ops@example.com, with commas",
    fits: fits(/^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/),
    does: "who hears the alarms; each address confirms by a mail from AWS",
  },
} as const satisfies Record<string, Definition>;

/** The settings that each payment provider has, under `payment.<provider>.`. */
export const providerDefinitions = {
  seconds: {
    section: "Orders and payment",
    kind: "number",
    unit: "seconds",
    least: 1,
    most: 86_400,
    does: "`paymentSeconds` for one provider",
  },
  baseUrl: {
    section: "Orders and payment",
    kind: "text",
    like: "a URL (https:, outside production also http:)",
    // Plain http is for stand-ins on this machine; a provider's real API never is.
    fits: isUrl("https:", "http:"),
    does: "another address for one provider, for tests",
  },
} as const satisfies Record<string, Definition>;

/** Every key that may be given. */
export const keys: readonly string[] = [
  ...Object.keys(definitions),
  ...providers.flatMap((name) =>
    Object.keys(providerDefinitions).map((part) => `payment.${name}.${part}`),
  ),
];
