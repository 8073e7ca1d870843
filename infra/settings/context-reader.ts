/** Reads single values out of CDK context by their definitions, and collects everything that is wrong with them. */
import { Token } from "aws-cdk-lib";
import type { ChoiceDefinition, NumberDefinition, TextDefinition } from "./definition.ts";
import { keys } from "./definitions.ts";

/** A number that has a default is always there. */
type NumberFor<D extends NumberDefinition> = D extends { readonly default: number }
  ? number
  : number | undefined;
type TextFor<D extends TextDefinition> = D extends { readonly default: string }
  ? string
  : string | undefined;

/** Where settings come from: the context of a construct's node is one. */
export interface Context {
  tryGetContext(key: string): unknown;
  getAllContext(): object;
}

/** The CDK's own context: flags (`@aws-cdk/…`), its command line's (`aws:cdk:…`), and what it looked up. */
const isOfTheCdk = (key: string): boolean => /[@:]/.test(key);

/** How many letters have to be put in, taken out or changed to make one word of the other (Levenshtein). */
function distance(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, index) => index);
  for (const [line, letter] of [...from].entries()) {
    const next = [line + 1];
    for (const [column, other] of [...to].entries()) {
      const changed = row[column]! + (letter === other ? 0 : 1);
      next.push(Math.min(changed, row[column + 1]! + 1, next[column]! + 1));
    }
    row = next;
  }
  return row[to.length]!;
}

/** The known name that a misspelt one is nearest to, unless nothing is near. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  const byDistance = known
    .map((name) => ({ name, far: distance(given.toLowerCase(), name.toLowerCase()) }))
    .toSorted((left, right) => left.far - right.far);
  const [best] = byDistance;
  return best && best.far <= Math.max(2, given.length / 3) ? best.name : undefined;
}

/** What only the deployment knows, of another construct for instance, nobody can look at here. */
const isFit = (value: string, { fits }: TextDefinition): boolean =>
  Token.isUnresolved(value) || fits(value);

/** Without the fields that were not given. */
export function omitMissing<T extends object>(
  fields: T,
): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}

/** Reads settings; `problems` tells afterwards everything that was wrong with them. */
export class ContextReader {
  readonly problems: string[] = [];
  readonly #context: Context;

  constructor(context: Context) {
    this.#context = context;
  }

  /** What was given under a key, or undefined; of a list its entries with commas between them. */
  given(key: string): string | undefined {
    const value: unknown = this.#context.tryGetContext(key);
    if (value === undefined || value === null || value === "") return undefined;
    if (Array.isArray(value) && value.every((entry) => typeof entry === "string")) {
      return value.join(",") || undefined;
    }
    if (["string", "number", "boolean"].includes(typeof value)) return String(value).trim();
    this.problems.push(`${key} must be plain text, not ${JSON.stringify(value)}`);
    return undefined;
  }

  choice<const D extends ChoiceDefinition>(key: string, { choices }: D): D["choices"][number] {
    const value = this.given(key);
    const chosen = value === undefined ? choices[0] : choices.find((choice) => choice === value);
    if (chosen === undefined) {
      this.problems.push(`${key} must be ${choices.join(" or ")}, not "${value}"`);
    }
    return chosen ?? choices[0];
  }

  number<D extends NumberDefinition>(key: string, definition: D): NumberFor<D> {
    const { default: otherwise, unit, least, most } = definition;
    const value = this.given(key);
    const number = Number(value);
    if (value === undefined) return otherwise as NumberFor<D>;
    if (/^\d+$/.test(value) && number >= least && number <= most) return number as NumberFor<D>;
    this.problems.push(
      `${key} must be a whole number of ${unit} from ${least} to ${most}, not "${value}"`,
    );
    return otherwise as NumberFor<D>;
  }

  text<D extends TextDefinition>(key: string, definition: D): TextFor<D> {
    const value = this.given(key);
    if (value === undefined) return definition.default as TextFor<D>;
    if (isFit(value, definition)) return value as TextFor<D>;
    this.problems.push(`${key} must be ${definition.like}, not "${value}"`);
    return definition.default as TextFor<D>;
  }

  list(key: string, definition: TextDefinition): string[] {
    const entries = (this.given(key)?.split(",") ?? []).map((entry) => entry.trim());
    const wrong = entries.find((entry) => !isFit(entry, definition));
    if (wrong !== undefined) {
      this.problems.push(`${key} must be ${definition.like}, not "${wrong}"`);
    }
    return entries;
  }

  /** A misspelt key would silently leave the default in force: every key that is not known is refused. */
  refuseUnknownKeys(): void {
    for (const key of Object.keys(this.#context.getAllContext())) {
      if (keys.includes(key) || isOfTheCdk(key)) continue;
      const meant = nearest(key, keys);
      const advice =
        meant === undefined ? "docs/settings.md lists them all" : `did you mean ${meant}?`;
      this.problems.push(`${key} is not a setting; ${advice}`);
    }
  }
}
