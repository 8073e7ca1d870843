/** Builds DynamoDB expressions out of named sentences; every name and value becomes a placeholder. */

/** A path to an attribute, for example `at("holds", orderId)`; segments are never parsed. */
export class AttributePath {
  readonly segments: readonly string[];

  constructor(segments: readonly string[]) {
    this.segments = segments;
  }
}

/** A piece of an expression: literal text with paths, values and other pieces in between. */
export class Fragment {
  readonly texts: readonly string[];
  readonly parts: readonly unknown[];

  constructor(texts: readonly string[], parts: readonly unknown[]) {
    this.texts = texts;
    this.parts = parts;
  }
}

type Leaf = string | number | boolean | readonly unknown[] | ReadonlySet<unknown>;

/** The names in a map; a text, a number, a list or a set has none. */
type NameIn<Value> = NonNullable<Value> extends Leaf ? never : keyof NonNullable<Value> & string;

/** What stands under a name in a map. */
type In<Value, Name> = NonNullable<Value>[Name & keyof NonNullable<Value>];

/** The segments of a path into a row: an attribute, or what is in a map that it holds, two levels deep. */
export type PathInto<Row> = {
  [A in NameIn<Row>]:
    | readonly [A]
    | {
        [B in NameIn<In<Row, A>>]: readonly [A, B] | readonly [A, B, NameIn<In<In<Row, A>, B>>];
      }[NameIn<In<Row, A>>];
}[NameIn<Row>];

/**
 * Makes `at` for the rows of one table: a misspelt attribute does not compile. A segment may hold any
 * characters, it is sent as a placeholder.
 *
 * @example const at = pathsOf<StockRow>();
 */
export function pathsOf<Row>(): (...segments: PathInto<Row>) => AttributePath {
  return (...segments) => new AttributePath(segments);
}

/** Attributes of a row to be set; those that are undefined are removed. */
export function assigned<Row>(values: {
  readonly [Name in keyof Row & string]?: Row[Name] | undefined;
}): { readonly set: Fragment[]; readonly remove: AttributePath[] } {
  const entries = Object.entries<unknown>(values).map(
    ([name, value]) => [new AttributePath([name]), value] as const,
  );
  return {
    set: entries
      .filter(([, value]) => value !== undefined)
      .map(([path, value]) => action`${path} = ${value}`),
    remove: entries.filter(([, value]) => value === undefined).map(([path]) => path),
  };
}

/**
 * A condition as a template: paths become names, fragments are put in as they are, anything else
 * becomes a value.
 *
 * @example condition`${at("available")} >= ${quantity}`
 */
export function condition(texts: TemplateStringsArray, ...parts: readonly unknown[]): Fragment {
  return new Fragment(texts, parts);
}

/**
 * One action of an update, written like a condition.
 *
 * @example action`${at("available")} = ${at("available")} - ${quantity}`
 * @alias condition
 */
export const action = condition;

function joined(fragments: readonly Fragment[], word: string): Fragment {
  const [only] = fragments;
  if (only && fragments.length === 1) return only;
  const texts = fragments.map((_, index) => (index === 0 ? "(" : `) ${word} (`));
  return new Fragment([...texts, ")"], fragments);
}

/** Holds when all of them hold. */
export function allOf(...fragments: readonly [Fragment, ...Fragment[]]): Fragment {
  return joined(fragments, "AND");
}

/** Holds when at least one of them holds. */
export function anyOf(...fragments: readonly [Fragment, ...Fragment[]]): Fragment {
  return joined(fragments, "OR");
}

/** Holds when the other does not. */
export function not(fragment: Fragment): Fragment {
  return new Fragment(["NOT (", ")"], [fragment]);
}

/** There is such an attribute. */
export function exists(path: AttributePath): Fragment {
  return condition`attribute_exists(${path})`;
}

/** There is no such attribute (or no such item, when it is a key attribute). */
export function isMissing(path: AttributePath): Fragment {
  return condition`attribute_not_exists(${path})`;
}

/** Collects the placeholders of all expressions of one request. */
export class Placeholders {
  readonly #placeholders = new Map<string, string>();
  readonly #names: Record<string, string> = {};
  readonly #known: unknown[] = [];
  readonly #values: Record<string, unknown> = {};

  /** The text of a fragment, with its names and values registered here. */
  text({ texts, parts }: Fragment): string {
    let text = texts[0] ?? "";
    for (const [index, part] of parts.entries())
      text += this.#part(part) + (texts[index + 1] ?? "");
    return text;
  }

  /** The text of a path. */
  path({ segments }: AttributePath): string {
    return segments.map((segment) => this.#name(segment)).join(".");
  }

  /** The request's `ExpressionAttributeNames` and `ExpressionAttributeValues`, where there are any. */
  attributes(): {
    ExpressionAttributeNames?: Record<string, string>;
    ExpressionAttributeValues?: Record<string, unknown>;
  } {
    return {
      ...(this.#placeholders.size > 0 ? { ExpressionAttributeNames: this.#names } : {}),
      ...(this.#known.length > 0 ? { ExpressionAttributeValues: this.#values } : {}),
    };
  }

  #part(part: unknown): string {
    if (part instanceof Fragment) return this.text(part);
    if (part instanceof AttributePath) return this.path(part);
    // The same instant stands in several places of most requests: once is enough.
    const known = this.#known.indexOf(part);
    if (known >= 0) return `:v${known}`;
    const placeholder = `:v${this.#known.push(part) - 1}`;
    this.#values[placeholder] = part;
    return placeholder;
  }

  #name(segment: string): string {
    const known = this.#placeholders.get(segment);
    if (known) return known;
    const placeholder = `#n${this.#placeholders.size}`;
    this.#placeholders.set(segment, placeholder);
    this.#names[placeholder] = segment;
    return placeholder;
  }
}
