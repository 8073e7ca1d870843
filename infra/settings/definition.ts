/** What a setting may take, as data: choices, numbers, text of a shape. */

/** The parts of the table of settings, in its order. */
export const sections = [
  "Stage",
  "Sign-in",
  "Address",
  "Orders and payment",
  "Capacity",
  "Operation",
] as const;

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
  /** Said where there is no default of its own, because that depends on other settings. */
  readonly otherwise?: string;
  readonly least: number;
  readonly most: number;
}

/** Text of a shape, or several such texts with commas between them. */
export interface TextDefinition extends Common {
  readonly kind: "text" | "list";
  readonly default?: string;
  /** Said where there is no default of its own, because that depends on other settings. */
  readonly otherwise?: string;
  /** What each text is, with an example: `a name like staging`. */
  readonly like: string;
  readonly fits: (text: string) => boolean;
}

/** What a setting may take. */
export type Definition = ChoiceDefinition | NumberDefinition | TextDefinition;

/** Text of a pattern. */
export const fits = (pattern: RegExp) => (text: string) => pattern.test(text);

/** Whether a text is a URL of one of these protocols. */
export const isUrl =
  (...protocols: readonly string[]) =>
  (text: string): boolean =>
    URL.canParse(text) && protocols.includes(new URL(text).protocol);

/** Compared as text by API Gateway: a path or a slash at the end would never match a browser's origin. */
export const isOrigin = (text: string): boolean =>
  URL.canParse(text) && new URL(text).origin === text;
