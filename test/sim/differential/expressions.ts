/** Makes random expressions with their placeholders, biased to what is valid or nearly so. */
import type { KeySchema } from "../engine/table.ts";
import type { Random } from "../random.ts";

const texts = ["", "x", "y", "xy", "zebra", "Ä", "g1", "p"];
const comparators = ["=", "<>", "<", "<=", ">", ">="];

/** Paths that items of the comparison have, may have, or cannot have. */
const paths: readonly (readonly (string | number)[])[] = [
  ["a"],
  ["b"],
  ["n"],
  ["n"],
  ["m"],
  ["m", "x"],
  ["m", "y"],
  ["m", "x", "z"],
  ["m", "l", 0],
  ["l"],
  ["l", 0],
  ["l", 1],
  ["l", 7],
  ["l", 0, "x"],
  ["s"],
  ["ns"],
  ["line:x"],
  ["line:x", "q-1"],
  ["g"],
  ["gs"],
  ["gn"],
  ["nothing"],
];

/** The expressions of one request; they share their placeholders. */
export class Expressions {
  readonly #random: Random;
  readonly #mayTouchKey: boolean;
  readonly #names = new Map<string, string>();
  readonly #values = new Map<string, unknown>();

  /** Keys as targets are left out of transactions: DynamoDB Local answers those in a form of its own. */
  constructor(random: Random, mayTouchKey = false) {
    this.#random = random;
    this.#mayTouchKey = mayTouchKey;
  }

  /** Any value at all. */
  value(depth = 0): unknown {
    const random = this.#random;
    const kind = random.weighted({
      number: 6,
      text: 6,
      flag: 1,
      nothing: 1,
      texts: 1,
      numbers: 1,
      list: depth < 2 ? 2 : 0,
      map: depth < 2 ? 3 : 0,
    });
    switch (kind) {
      case "number":
        return random.int(-2, 6);
      case "text":
        return random.pick(texts);
      case "flag":
        return random.chance(0.5);
      case "nothing":
        return null;
      case "texts":
        return new Set(this.#several(() => random.pick(["x", "y", "z"])));
      case "numbers":
        return new Set(this.#several(() => random.int(0, 3)));
      case "list":
        return this.#several(() => this.value(depth + 1));
      default:
        return this.#map(depth);
    }
  }

  /** A value of the kind that this attribute usually has. */
  valueFor(name: string | number | undefined): unknown {
    const random = this.#random;
    if (random.chance(0.1)) return this.value();
    switch (name) {
      case "n":
      case "gn":
      case "y":
        return random.int(-2, 6);
      case "m":
      case "line:x":
        return this.#map(0);
      case "l":
        return this.#several(() => this.value(1));
      case "s":
        return new Set(this.#several(() => random.pick(["x", "y", "z"])));
      case "ns":
        return new Set(this.#several(() => random.int(0, 3)));
      case "g":
        return random.pick(["g1", "g2"]);
      case "gs":
      case "z":
        return random.pick(["p", "q"]);
      default:
        return this.value();
    }
  }

  condition(): string {
    return this.#spoiled(this.#condition(0));
  }

  update(): string {
    const random = this.#random;
    const sections: string[] = [];
    const count = random.weighted({ "1": 6, "2": 3, "3": 1 });
    const kinds = new Set(this.#several(() => this.#section(), Number(count)));
    for (const kind of kinds) {
      const actions = this.#several(() => this.#action(kind), random.int(1, 3));
      sections.push(`${kind} ${actions.join(", ")}`);
    }
    return this.#spoiled(sections.join(" "));
  }

  projection(): string {
    return this.#spoiled(
      this.#several(() => this.#path(), this.#random.int(1, 3)).join(", "),
      0.02,
    );
  }

  keyCondition(schema: KeySchema): string {
    const random = this.#random;
    const partition = schema.partition.name;
    const value = partition === "g" ? ["g1", "g2"] : ["a", "b", "c", "d"];
    const first = `${this.#name(partition)} = ${this.#placeholder(random.pick(value))}`;
    if (!schema.sort || random.chance(0.4)) return this.#spoiled(first, 0.03);
    const second = this.#sortCondition(schema.sort);
    return this.#spoiled(
      random.chance(0.8) ? `${first} AND ${second}` : `${second} and ${first}`,
      0.03,
    );
  }

  /** Names and values of the request; now and then one too many or one too few. */
  attributes(mayBeSpoiled = true): Record<string, unknown> {
    const random = this.#random;
    const share = mayBeSpoiled ? 0.005 : 0;
    const names = Object.fromEntries(this.#names);
    const values = Object.fromEntries(this.#values);
    if (random.chance(share)) names["#idle"] = "idle";
    if (random.chance(share)) values[":idle"] = 1;
    if (random.chance(share)) delete names["#n0"];
    if (random.chance(share)) delete values[":v0"];
    return {
      ...(Object.keys(names).length > 0 ? { ExpressionAttributeNames: names } : {}),
      ...(Object.keys(values).length > 0 ? { ExpressionAttributeValues: values } : {}),
    };
  }

  #several<T>(make: () => T, count = this.#random.int(1, 3)): T[] {
    return Array.from({ length: count }, make);
  }

  #map(depth: number): Record<string, unknown> {
    const names = this.#several(() => this.#random.pick(["x", "y", "z", "l", "q-1"]));
    return Object.fromEntries(names.map((name) => [name, this.value(depth + 1)]));
  }

  #section(): string {
    return this.#random.weighted({ SET: 6, REMOVE: 3, ADD: 2, DELETE: 1 });
  }

  #name(name: string): string {
    if (/^[a-z]+$/.test(name) && this.#random.chance(0.5)) return name;
    const known = this.#names.get(`#${name}`);
    const placeholder = known ?? `#n${this.#names.size}`;
    for (const [used, of] of this.#names) if (of === name) return used;
    this.#names.set(placeholder, name);
    return placeholder;
  }

  #segments(): readonly (string | number)[] {
    if (this.#mayTouchKey && this.#random.chance(0.01)) return [this.#random.pick(["pk", "sk"])];
    return this.#random.pick(paths);
  }

  #text(segments: readonly (string | number)[]): string {
    return segments
      .map((part, index) =>
        typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${this.#name(part)}`,
      )
      .join("");
  }

  #path(): string {
    return this.#text(this.#segments());
  }

  #placeholder(value: unknown): string {
    const placeholder = `:v${this.#values.size}`;
    this.#values.set(placeholder, value);
    return placeholder;
  }

  #operand(like?: string | number): string {
    if (this.#random.chance(0.8)) return this.#placeholder(this.valueFor(like));
    return this.#random.chance(0.6) ? this.#path() : `size(${this.#path()})`;
  }

  #condition(depth: number): string {
    const random = this.#random;
    const kind = random.weighted({
      comparison: 8,
      between: 1,
      oneOf: 1,
      call: 4,
      both: depth < 3 ? 3 : 0,
      either: depth < 3 ? 3 : 0,
      negated: depth < 3 ? 2 : 0,
      grouped: depth < 3 ? 1 : 0,
    });
    switch (kind) {
      case "both":
        return `${this.#nested(depth)} AND ${this.#nested(depth)}`;
      case "either":
        return `${this.#nested(depth)} ${random.pick(["OR", "or"])} ${this.#nested(depth)}`;
      case "negated":
        return `NOT ${this.#nested(depth)}`;
      case "grouped":
        return `(${this.#condition(depth + 1)})`;
      default:
        return this.#test(kind);
    }
  }

  #test(kind: "comparison" | "between" | "oneOf" | "call"): string {
    const random = this.#random;
    const segments = this.#segments();
    const path = this.#text(segments);
    const last = segments.at(-1);
    switch (kind) {
      case "comparison": {
        const left = random.chance(0.15) ? `size(${path})` : path;
        return `${left} ${random.pick(comparators)} ${this.#operand(left === path ? last : "n")}`;
      }
      case "between":
        return `${path} BETWEEN ${this.#operand(last)} AND ${this.#operand(last)}`;
      case "oneOf":
        return `${path} IN (${this.#several(() => this.#operand(last)).join(", ")})`;
      default:
        return this.#call(path);
    }
  }

  /** With or without parentheses: both must be understood, and give different meanings. */
  #nested(depth: number): string {
    const inner = this.#condition(depth + 1);
    return this.#random.chance(0.6) && !inner.startsWith("(") ? `(${inner})` : inner;
  }

  #call(path: string): string {
    const random = this.#random;
    const name = random.pick([
      "attribute_exists",
      "attribute_not_exists",
      "attribute_type",
      "begins_with",
      "contains",
    ] as const);
    if (name === "attribute_exists" || name === "attribute_not_exists") return `${name}(${path})`;
    const types = ["S", "N", "BOOL", "NULL", "SS", "NS", "L", "M", "B", "BS", "Q"];
    const second = {
      attribute_type: () => (random.chance(0.97) ? random.pick(types) : 3),
      begins_with: () => (random.chance(0.95) ? random.pick(texts) : 3),
      contains: () => this.value(1),
    }[name]();
    return `${name}(${path}, ${this.#placeholder(second)})`;
  }

  #sortCondition(sort: { readonly name: string; readonly type: string }): string {
    const random = this.#random;
    const name = this.#name(sort.name);
    const value = (): string =>
      this.#placeholder(
        sort.type === "N" && random.chance(0.98) ? random.int(0, 3) : random.pick(texts.slice(1)),
      );
    const kind = random.weighted({ compare: 6, between: 2, prefix: sort.type === "S" ? 3 : 0.2 });
    if (kind === "between") return `${name} BETWEEN ${value()} AND ${value()}`;
    if (kind === "prefix") return `begins_with(${name}, ${value()})`;
    return `${name} ${random.pick(comparators.filter((op) => op !== "<>" || random.chance(0.1)))} ${value()}`;
  }

  #action(section: string): string {
    const random = this.#random;
    const segments = this.#segments();
    const path = this.#text(segments);
    const last = segments.at(-1);
    if (section === "REMOVE") return path;
    if (section === "ADD") {
      const value = random.chance(0.9)
        ? random.pick([random.int(-2, 6), new Set(["x", "w"]), new Set([1, 9])])
        : this.value();
      return `${path} ${this.#placeholder(value)}`;
    }
    if (section === "DELETE") {
      const value = random.chance(0.9) ? random.pick([new Set(["x"]), new Set([1])]) : this.value();
      return `${path} ${this.#placeholder(value)}`;
    }
    return `${path} = ${this.#assigned(path, last)}`;
  }

  #assigned(path: string, last: string | number | undefined): string {
    const random = this.#random;
    const kind = random.weighted({
      literal: 6,
      sum: 3,
      fallback: 2,
      append: 2,
      copy: 1,
      size: 0.1,
    });
    const number = (): string =>
      this.#placeholder(random.chance(0.97) ? random.int(-3, 5) : this.value());
    const orElse = (value: unknown): string =>
      `if_not_exists(${random.chance(0.7) ? path : this.#path()}, ${this.#placeholder(value)})`;
    switch (kind) {
      case "literal":
        return this.#placeholder(this.valueFor(last));
      case "sum": {
        const left = random.chance(0.5) ? orElse(random.int(0, 3)) : path;
        return `${left} ${random.pick(["+", "-"])} ${number()}`;
      }
      case "fallback":
        return orElse(this.valueFor(last));
      case "append": {
        const list = this.#placeholder(random.chance(0.97) ? [random.int(0, 9)] : this.value());
        return random.chance(0.5)
          ? `list_append(${orElse([])}, ${list})`
          : `list_append(${list}, ${path})`;
      }
      case "copy":
        return this.#path();
      default:
        return `size(${path})`;
    }
  }

  /** Now and then drops or doubles a token. */
  #spoiled(text: string, probability = 0.03): string {
    const random = this.#random;
    if (!random.chance(probability)) return text;
    const tokens = text.match(/[#:]?\w+|[^\s\w]+/g) ?? [];
    const position = random.int(0, tokens.length - 1);
    const token = tokens[position]!;
    tokens.splice(position, 1, ...random.pick([[], [token, token], [token, random.pick(tokens)]]));
    return tokens.join(" ");
  }
}
