/** Parses DynamoDB's expressions into trees; what the placeholders stand for is not known here. */
import { invalid } from "./errors.ts";

/** One step of a document path: a name, a `#placeholder` for one, or a list position. */
export type Segment = string | number;

export interface PathNode {
  readonly kind: "path";
  readonly segments: readonly Segment[];
}

export interface ValueNode {
  readonly kind: "value";
  readonly placeholder: string;
}

/** Something with a value: `a.b`, `:v`, `size(a)`, `if_not_exists(a, :v)`, `list_append(a, :v)`. */
export type Operand = PathNode | ValueNode | CallNode;

export interface CallNode {
  readonly kind: "call";
  readonly name: string;
  readonly args: readonly Operand[];
}

export type Comparator = "=" | "<>" | "<" | "<=" | ">" | ">=";

export type Condition =
  | { readonly kind: "and" | "or"; readonly left: Condition; readonly right: Condition }
  | { readonly kind: "not"; readonly inner: Condition }
  | {
      readonly kind: "compare";
      readonly op: Comparator;
      readonly left: Operand;
      readonly right: Operand;
    }
  | { readonly kind: "between"; readonly args: readonly [Operand, Operand, Operand] }
  | { readonly kind: "in"; readonly args: readonly Operand[] }
  | CallNode;

/** `a = b`, `a = b + c`, `a = b - c`. */
export interface Assignment {
  readonly path: PathNode;
  readonly left: Operand;
  readonly sign?: "+" | "-";
  readonly right?: Operand;
}

export interface UpdateTree {
  readonly set: readonly Assignment[];
  readonly remove: readonly PathNode[];
  readonly add: readonly { path: PathNode; value: ValueNode }[];
  readonly delete: readonly { path: PathNode; value: ValueNode }[];
}

/** The request field that holds the expression; it stands in every error about it. */
export type ExpressionKind =
  | "ConditionExpression"
  | "FilterExpression"
  | "KeyConditionExpression"
  | "ProjectionExpression"
  | "UpdateExpression";

const tokenPattern =
  /\s*(?:(#[A-Za-z0-9_]+)|(:[A-Za-z0-9_]+)|([A-Za-z][A-Za-z0-9_]*)|(\d+)|(<>|<=|>=|[=<>(),.[\]+-]))/y;
const maxBytes = 4096;
const keywords = new Set(["and", "or", "not", "between", "in"]);
const conditionFunctions = new Set([
  "attribute_exists",
  "attribute_not_exists",
  "attribute_type",
  "begins_with",
  "contains",
  "size",
]);
const sectionWords = new Set(["SET", "REMOVE", "ADD", "DELETE"]);
const comparators = new Set(["=", "<>", "<", "<=", ">", ">="]);
const updateFunctions = new Set(["if_not_exists", "list_append"]);

/** A few of DynamoDB's 573 reserved words: those that this field's attribute names run into. */
const reservedWords = new Set(
  `action add all and any archive array as at authorization between bulk by cascade check clear close
   comment condition connection consistency consumed content copy count counter cursor data date delete
   domain end error event exists expire file fetch from function group hash hidden hold host id identity
   in index insert instance instances interval item items key keys kill language last left length level
   like limit limits list local lock locks long map member message method minute mode module name names
   new next no not null number object of offset old on one only option or order output owner parameter
   partition path percent period plan policy position primary prior private procedure provider public
   put quantity query range rank read reason record reference region release remove replace request
   reserved reset resource response result return role row rule scan search second section segment
   select session set sets share shared size source space start state statement status stop storage
   store stream string sub sum table temp text then time timeout timestamp to token total transaction
   ttl type update use user users uuid value values version view when where window with work write year
   zone`.split(/\s+/),
);

interface Token {
  readonly kind: "name" | "value" | "word" | "number" | "sign" | "end";
  readonly text: string;
}

const endToken: Token = { kind: "end", text: "<EOF>" };
const tokenKinds = ["name", "value", "word", "number", "sign"] as const;

class Parser {
  readonly kind: ExpressionKind;
  readonly #tokens: readonly Token[];
  #position = 0;
  /** The first wrong word in a right place; syntax errors anywhere come before it. */
  #misuse: string | undefined;

  constructor(kind: ExpressionKind, text: string) {
    this.kind = kind;
    if (text.trim() === "") this.fail("The expression can not be empty;");
    if (Buffer.byteLength(text) > maxBytes) {
      this.fail("Expression size has exceeded the maximum allowed size;");
    }
    this.#tokens = this.#tokenize(text);
  }

  fail(reason: string): never {
    return invalid(`Invalid ${this.kind}: ${reason}`);
  }

  syntaxError(): never {
    const { text } = this.peek();
    return this.fail(`Syntax error; token: "${text}", near: "${text}"`);
  }

  peek(ahead = 0): Token {
    return this.#tokens[this.#position + ahead] ?? endToken;
  }

  next(): Token {
    const token = this.peek();
    this.#position += 1;
    return token;
  }

  /** Takes a sign or keyword if it is next. */
  take(text: string): boolean {
    const token = this.peek();
    const matches =
      token.kind === "sign"
        ? token.text === text
        : token.kind === "word" && keywords.has(text) && token.text.toLowerCase() === text;
    if (matches) this.#position += 1;
    return matches;
  }

  expect(text: string): void {
    if (!this.take(text)) this.syntaxError();
  }

  expectEnd(): void {
    if (this.peek().kind !== "end") this.syntaxError();
    if (this.#misuse !== undefined) this.fail(this.#misuse);
  }

  /** Whether the parenthesis that opens here encloses an operand, not a condition. */
  opensOperand(): boolean {
    let depth = 0;
    for (let ahead = 0; this.peek(ahead).kind !== "end"; ahead += 1) {
      const { text } = this.peek(ahead);
      if (text === "(") depth += 1;
      if (text === ")") depth -= 1;
      if (depth > 0) continue;
      const { kind, text: next } = this.peek(ahead + 1);
      return comparators.has(next) || (kind === "word" && /^(between|in)$/i.test(next));
    }
    return false;
  }

  list<T>(element: () => T): T[] {
    const elements = [element()];
    while (this.take(",")) elements.push(element());
    return elements;
  }

  path(): PathNode {
    const segments: Segment[] = [this.#segment()];
    for (;;) {
      if (this.take(".")) segments.push(this.#segment());
      else if (this.take("[")) {
        if (this.peek().kind !== "number") this.syntaxError();
        segments.push(Number(this.next().text));
        this.expect("]");
      } else return { kind: "path", segments };
    }
  }

  value(): ValueNode {
    if (this.peek().kind !== "value") this.syntaxError();
    return { kind: "value", placeholder: this.next().text };
  }

  operand(): Operand {
    const token = this.peek();
    if (this.take("(")) {
      const inner = this.operand();
      this.expect(")");
      return inner;
    }
    if (token.kind === "value") return this.value();
    if (token.kind === "word" && keywords.has(token.text.toLowerCase())) return this.syntaxError();
    if (token.kind === "word" && this.peek(1).text === "(") return this.call();
    if (token.kind === "word" || token.kind === "name") return this.path();
    return this.syntaxError();
  }

  call(): CallNode {
    const name = this.next().text;
    this.expect("(");
    const args = this.list(() => this.operand());
    this.expect(")");
    if (!conditionFunctions.has(name) && !updateFunctions.has(name)) {
      this.#misuse ??= `Invalid function name; function: ${name}`;
    }
    return { kind: "call", name, args };
  }

  #segment(): string {
    const token = this.peek();
    if (token.kind !== "name" && token.kind !== "word") this.syntaxError();
    const isSection =
      this.kind === "UpdateExpression" && sectionWords.has(token.text.toUpperCase());
    if (token.kind === "word" && (isSection || keywords.has(token.text.toLowerCase()))) {
      this.syntaxError();
    }
    this.#position += 1;
    if (token.kind === "word" && reservedWords.has(token.text.toLowerCase())) {
      this.#misuse ??= `Attribute name is a reserved keyword; reserved keyword: ${token.text}`;
    }
    return token.text;
  }

  #tokenize(text: string): Token[] {
    const tokens: Token[] = [];
    tokenPattern.lastIndex = 0;
    while (tokenPattern.lastIndex < text.length) {
      const start = tokenPattern.lastIndex;
      const match = tokenPattern.exec(text);
      if (!match) {
        const rest = text.slice(start).trim();
        if (rest === "") break;
        this.fail(`Syntax error; token: "${rest[0]}", near: "${rest.slice(0, 5)}"`);
      }
      const group = match.slice(1).findIndex((part) => part !== undefined);
      tokens.push({ kind: tokenKinds[group]!, text: match[group + 1]! });
    }
    return tokens;
  }
}

function parseOr(parser: Parser): Condition {
  let left = parseAnd(parser);
  while (parser.take("or")) left = { kind: "or", left, right: parseAnd(parser) };
  return left;
}

function parseAnd(parser: Parser): Condition {
  let left = parseNot(parser);
  while (parser.take("and")) left = { kind: "and", left, right: parseNot(parser) };
  return left;
}

function parseNot(parser: Parser): Condition {
  if (parser.take("not")) return { kind: "not", inner: parseNot(parser) };
  return parsePrimary(parser);
}

function parsePrimary(parser: Parser): Condition {
  if (parser.peek().text === "(" && parser.opensOperand()) return parseComparison(parser);
  if (parser.take("(")) {
    const isDoubled = parser.peek().text === "(";
    const inner = parseOr(parser);
    parser.expect(")");
    // `((a) AND (b))` is fine, `((a))` is not: only then is the inner pair all there is.
    if (isDoubled && wholeInParentheses.has(inner)) {
      parser.fail("The expression has redundant parentheses;");
    }
    const marked = { ...inner };
    wholeInParentheses.add(marked);
    return marked;
  }
  const token = parser.peek();
  if (token.kind === "word" && parser.peek(1).text === "(" && token.text !== "size") {
    return parseFunctionCondition(parser);
  }
  return parseComparison(parser);
}

const wholeInParentheses = new WeakSet<Condition>();

function parseFunctionCondition(parser: Parser): Condition {
  const call = parser.call();
  if (comparators.has(parser.peek().text)) {
    parser.fail(
      `The function is not allowed to be used this way in an expression; function: ${call.name}`,
    );
  }
  return call;
}

function parseComparison(parser: Parser): Condition {
  const left = parser.operand();
  if (parser.take("between")) {
    const low = parser.operand();
    parser.expect("and");
    return { kind: "between", args: [left, low, parser.operand()] };
  }
  if (parser.take("in")) {
    parser.expect("(");
    const choices = parser.list(() => parser.operand());
    parser.expect(")");
    return { kind: "in", args: [left, ...choices] };
  }
  if (!comparators.has(parser.peek().text)) parser.syntaxError();
  return { kind: "compare", op: parser.next().text as Comparator, left, right: parser.operand() };
}

function parseAssignment(parser: Parser): Assignment {
  const path = parser.path();
  parser.expect("=");
  const left = parser.operand();
  for (const sign of ["+", "-"] as const) {
    if (parser.take(sign)) return { path, left, sign, right: parser.operand() };
  }
  return { path, left };
}

function parseUpdateTree(parser: Parser): UpdateTree {
  const sections = new Map<string, unknown[]>();
  const pathAndValue = () => ({ path: parser.path(), value: parser.value() });
  const elements: Record<string, () => unknown> = {
    SET: () => parseAssignment(parser),
    REMOVE: () => parser.path(),
    ADD: pathAndValue,
    DELETE: pathAndValue,
  };
  let doubled: string | undefined;
  while (parser.peek().kind !== "end") {
    const name = parser.peek().text.toUpperCase();
    const element = parser.peek().kind === "word" ? elements[name] : undefined;
    if (!element) return parser.syntaxError();
    parser.next();
    if (sections.has(name)) doubled ??= name;
    sections.set(name, parser.list(element));
  }
  if (doubled) {
    parser.fail(`The "${doubled}" section can only be used once in an update expression;`);
  }
  return {
    set: (sections.get("SET") ?? []) as Assignment[],
    remove: (sections.get("REMOVE") ?? []) as PathNode[],
    add: (sections.get("ADD") ?? []) as UpdateTree["add"][number][],
    delete: (sections.get("DELETE") ?? []) as UpdateTree["delete"][number][],
  };
}

/** The services send the same few texts over and over, so each is parsed once. */
function cached<T>(parse: (text: string, kind: ExpressionKind) => T) {
  const known = new Map<string, T>();
  return (text: string, kind: ExpressionKind): T => {
    const key = `${kind} ${text}`;
    let tree = known.get(key);
    if (tree === undefined) {
      tree = parse(text, kind);
      if (known.size > 20_000) known.clear();
      known.set(key, tree);
    }
    return tree;
  };
}

/** The tree of a condition, filter or key condition. */
export const parseCondition = cached((text, kind): Condition => {
  const parser = new Parser(kind, text);
  const tree = parseOr(parser);
  parser.expectEnd();
  return tree;
});

/** The tree of an update expression. */
export const parseUpdate = cached((text, kind): UpdateTree => {
  const parser = new Parser(kind, text);
  const tree = parseUpdateTree(parser);
  parser.expectEnd();
  return tree;
});

/** The paths of a projection. */
export const parseProjection = cached((text, kind): readonly PathNode[] => {
  const parser = new Parser(kind, text);
  const paths = parser.list(() => parser.path());
  parser.expectEnd();
  return paths;
});
