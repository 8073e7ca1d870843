/**
 * How a cart is stored: flat attributes of one item, so that every edit of a single key is one update
 * that needs no parent to be there.
 */
import type { ChangeNote } from "../../base/actor.ts";
import { pathsOf } from "../../table/expression.ts";
import { lowersPrice } from "../../promotions/price-rule.ts";
import type { Promotion } from "../../promotions/promotion.ts";
import type { Row } from "../../table/write.ts";
import { countKb } from "../model/cart-limits.ts";
import type { Cart, CartCondition, CartInstance, CartLine, CartLock } from "../model/cart.ts";

/** Where a cart is. */
export const cartPlace = (cartId: string) => ({ table: "Carts", key: { cartId } }) as const;

/**
 * What `line:…` holds; the quantity stands beside it, so that raising it never rewrites a line. The
 * item's id is in there only where the line has another one.
 */
type StoredLine = Omit<CartLine, "lineId" | "itemId" | "quantity"> &
  Partial<Pick<CartLine, "itemId">>;

/** What `condition:…` holds, with the mark that it was set by the shop: once, shoppers could as well. */
type StoredCondition = Omit<CartCondition, "name"> & { readonly isShops?: true };

/** What has no mark may be from who pays: then it counts only where it adds to the price. */
const isTrusted = (stored: StoredCondition): boolean =>
  stored.isShops === true || !lowersPrice(stored);

/**
 * The ids of the last edits stand on the item, newest first. An edit whose answer was lost meets its
 * own id when it is repeated, unless this many others went through in between.
 */
export const rememberedEdits = ["edit0", "edit1", "edit2", "edit3"] as const;

/** What `code:…` holds: the promotion as it was when its code was entered. */
type StoredCode = Omit<Promotion, "code">;

/** A cart as it is stored. */
export interface CartRow extends Readonly<
  Partial<Record<(typeof rememberedEdits)[number], string>>
> {
  readonly cartId: string;
  readonly userId: string;
  readonly sessionId: string;
  readonly version?: number;
  readonly checkouts?: number;
  readonly lock?: CartLock;
  readonly ttlSeconds: number;
  readonly change: ChangeNote;
  /** Which lines and conditions there are: what bounds their number. */
  readonly lineKeys?: ReadonlySet<string>;
  readonly conditionKeys?: ReadonlySet<string>;
  /** Which metadata values there are, and an entry for each KB that one has begun. */
  readonly metadataKeys?: ReadonlySet<string>;
  readonly metadataKb?: ReadonlySet<string>;
  readonly [line: `line:${string}`]: StoredLine;
  readonly [quantity: `quantity:${string}`]: number;
  readonly [condition: `condition:${string}`]: StoredCondition;
  readonly [code: `code:${string}`]: StoredCode;
  readonly [metadata: `metadata:${string}`]: string;
  readonly [currency: `currency:${string}`]: string;
}

/** The attributes of a cart. */
export const at = pathsOf<CartRow>();

/** The attribute of a line's snapshot of its item. Instances have no colon, ids of lines may. */
export const lineAttribute = (instance: string, lineId: string) =>
  `line:${instance}:${lineId}` as const;
/** The attribute of a line's quantity. */
export const quantityAttribute = (instance: string, lineId: string) =>
  `quantity:${instance}:${lineId}` as const;
/** The attribute of a condition. */
export const conditionAttribute = (instance: string, name: string) =>
  `condition:${instance}:${name}` as const;
/** The attribute of a promotion's code. */
export const codeAttribute = (instance: string, code: string) =>
  `code:${instance}:${code}` as const;
/** The attribute of a metadata value. */
export const metadataAttribute = (instance: string, key: string) =>
  `metadata:${instance}:${key}` as const;
/** The attribute of an instance's currency. */
export const currencyAttribute = (instance: string) => `currency:${instance}` as const;
/** How a line or condition is called in the set that bounds how many there may be. */
export const keyIn = (instance: string, name: string): string => `${instance}:${name}`;

const attributePattern = /^(line|condition|code|metadata|currency):([^:]+)(?::(.*))?$/s;

interface InstanceDraft {
  readonly lines: CartLine[];
  readonly conditions: CartCondition[];
  readonly codes: Promotion[];
  readonly metadata: Map<string, string>;
  currency?: string;
}

const emptyDraft = (): InstanceDraft => {
  return { lines: [], conditions: [], codes: [], metadata: new Map() };
};

function addTo(draft: InstanceDraft, row: Row, found: RegExpExecArray): void {
  const [attribute, family, instance = "", name = ""] = found;
  const value = row[attribute];
  if (family === "line") {
    const quantity = Number(row[quantityAttribute(instance, name)]);
    draft.lines.push({ lineId: name, itemId: name, quantity, ...(value as StoredLine) });
  } else if (family === "condition") {
    const { isShops: _mark, ...condition } = value as StoredCondition;
    if (isTrusted(value as StoredCondition)) draft.conditions.push({ name, ...condition });
  } else if (family === "code") {
    draft.codes.push({ ...(value as StoredCode), code: name });
  } else if (family === "metadata") draft.metadata.set(name, String(value));
  else draft.currency = String(value);
}

const byAge = (a: CartLine, b: CartLine): number =>
  a.addedAtMs - b.addedAtMs || (a.lineId < b.lineId ? -1 : 1);
const byOrder = (a: CartCondition, b: CartCondition): number =>
  a.order - b.order || (a.name < b.name ? -1 : 1);

const byCode = (a: Promotion, b: Promotion): number => (a.code < b.code ? -1 : 1);

/** An instance whose last line was removed one by one has a currency left that binds nobody. */
function finished(instance: string, draft: InstanceDraft): CartInstance {
  const { currency, ...rest } = draft;
  return {
    instance,
    lines: rest.lines.toSorted(byAge),
    conditions: rest.conditions.toSorted(byOrder),
    ...(rest.codes.length > 0 ? { codes: rest.codes.toSorted(byCode) } : {}),
    metadata: new Map([...rest.metadata].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    ...(currency === undefined || rest.lines.length === 0 ? {} : { currency }),
  };
}

const isUsed = ({ lines, conditions, codes = [], metadata }: CartInstance): boolean =>
  lines.length > 0 || conditions.length > 0 || codes.length > 0 || metadata.size > 0;

/** The cart in a stored row. Maps everywhere: a key such as `__proto__` is a key like any other. */
export function parseCart(cartId: string, row: Row | undefined): Cart {
  const drafts = new Map<string, InstanceDraft>();
  for (const attribute of Object.keys(row ?? {})) {
    const found = attributePattern.exec(attribute);
    if (!row || !found) continue;
    const instance = found[2]!;
    const draft = drafts.get(instance) ?? emptyDraft();
    drafts.set(instance, draft);
    addTo(draft, row, found);
  }
  const instances = [...drafts]
    .map(([instance, draft]) => finished(instance, draft))
    .filter(isUsed)
    .toSorted((a, b) => (a.instance < b.instance ? -1 : 1));
  const lock = row?.["lock"] as CartLock | undefined;
  return {
    cartId,
    version: Number(row?.["version"] ?? 0),
    checkouts: Number(row?.["checkouts"] ?? 0),
    ...(lock ? { lock } : {}),
    instances: new Map(instances.map((instance) => [instance.instance, instance])),
  };
}

/** A cart as it was read, with the row that it was read from. */
export interface ReadCart extends Cart {
  readonly row: Row | undefined;
}

/** The cart of a stored row, remembering the row. */
export function parseReadCart(cartId: string, row: Row | undefined): ReadCart {
  return { ...parseCart(cartId, row), row };
}

/** A line as it is stored, without what stands beside it. */
export function storedLine(line: CartLine): StoredLine {
  const { lineId, itemId, quantity: _beside, ...stored } = line;
  return lineId === itemId ? stored : { ...stored, itemId };
}

/** A code's promotion as it is stored: the code is in the attribute's own name. */
export function storedCode({ code: _code, ...stored }: Promotion): StoredCode {
  // What is undefined is nothing to be stored.
  return JSON.parse(JSON.stringify(stored)) as StoredCode;
}

/** A condition as it is stored: its name is in the attribute's own name. */
export function storedCondition({ name: _name, ...stored }: CartCondition): StoredCondition {
  return { ...stored, isShops: true };
}

function listAttributes({ instance, ...contents }: CartInstance): [string, unknown][] {
  const { lines, conditions, codes = [], metadata, currency } = contents;
  return [
    ...lines.flatMap((line): [string, unknown][] => [
      [lineAttribute(instance, line.lineId), storedLine(line)],
      [quantityAttribute(instance, line.lineId), line.quantity],
    ]),
    ...conditions.map((condition): [string, unknown] => [
      conditionAttribute(instance, condition.name),
      storedCondition(condition),
    ]),
    ...codes.map((entered): [string, unknown] => [
      codeAttribute(instance, entered.code),
      storedCode(entered),
    ]),
    ...[...metadata].map(([key, json]): [string, unknown] => [
      metadataAttribute(instance, key),
      json,
    ]),
    ...(currency === undefined
      ? []
      : [[currencyAttribute(instance), currency] as [string, unknown]]),
  ];
}

/** The entries of a metadata value that has begun so many KB. */
export function listKb(key: string, kb: number): string[] {
  return Array.from({ length: kb }, (_, index) => `${index} ${key}`);
}

/** The contents of a cart as the attributes of its row; key sets stand only where they have keys. */
export function contentsRow(instances: readonly CartInstance[]): Row {
  const lineKeys = instances.flatMap(({ instance, lines }) =>
    lines.map(({ lineId }) => keyIn(instance, lineId)),
  );
  const conditionKeys = instances.flatMap(({ instance, conditions }) =>
    conditions.map(({ name }) => keyIn(instance, name)),
  );
  const values = instances.flatMap(({ instance, metadata }) =>
    [...metadata].map(([name, json]) => [keyIn(instance, name), json] as const),
  );
  const metadataKb = values.flatMap(([key, json]) => listKb(key, countKb(json)));
  return Object.fromEntries([
    ...instances.flatMap(listAttributes),
    ...(values.length > 0 ? [["metadataKeys", new Set(values.map(([key]) => key))]] : []),
    ...(values.length > 0 ? [["metadataKb", new Set(metadataKb)]] : []),
    ...(lineKeys.length > 0 ? [["lineKeys", new Set(lineKeys)]] : []),
    ...(conditionKeys.length > 0 ? [["conditionKeys", new Set(conditionKeys)]] : []),
  ]);
}
