/** A write as data: one item, its own condition, and what it means when that condition fails. */
import type { HoldfastError } from "../base/errors.ts";
import { allOf, type AttributePath, type Fragment, Placeholders } from "./expression.ts";
import { layoutIsKnown } from "./layout.ts";
import type { TableName, TableResolver } from "./table-name.ts";

/** So many writes DynamoDB takes in one transaction. */
export const maxTransactionWrites = 100;

/** An item as it is stored. */
export type Row = Readonly<Record<string, unknown>>;

/** The primary key of an item. */
export type Key = Readonly<Record<string, string | number>>;

/** The actions of an update; each list may be left out. */
export interface Change {
  readonly set?: readonly Fragment[];
  readonly remove?: readonly AttributePath[];
  readonly add?: readonly Fragment[];
  readonly delete?: readonly Fragment[];
}

interface WriteBase {
  readonly table: TableName;
  readonly key: Key;
  /** Nobody wants to see the item afterwards, so it is not sent. */
  readonly isBlind?: boolean;
  /** The error that a failed condition means, made from the item that failed it. */
  readonly refused: (found: Row | undefined) => HoldfastError;
  /**
   * Recognises this very write's own effect in the item that refused a repetition of it. It is asked
   * only after an answer was lost, and is what makes such a repetition safe.
   */
  readonly applied?: (found: Row | undefined) => boolean;
  /**
   * For how long the item can tell whether this write took effect. Needed where repeating it would
   * have a second effect and `applied` looks at something that later writes push out.
   */
  readonly recall?: Recall;
  /** Is written with it or not at all; its own refusal counts first. */
  readonly companion?: Write;
}

/** Whether an item still tells if a write took effect: as a condition for repeating it, and of a row. */
export interface Recall {
  readonly condition: Fragment;
  readonly isPossible: (found: Row | undefined) => boolean;
}

/** One protected write; `kind` says which of DynamoDB's actions it is; nothing is deleted here, TTL does that. */
export type Write =
  | (WriteBase & { readonly kind: "put"; readonly item: Row; readonly condition: Fragment })
  | (WriteBase & { readonly kind: "update"; readonly change: Change; readonly condition: Fragment })
  | (WriteBase & { readonly kind: "check"; readonly condition: Fragment });

/** The write as it may be sent again after a lost answer: only while the item tells what became of it. */
export function makeRepeatable(write: Write): Write {
  return write.recall
    ? { ...write, condition: allOf(write.condition, write.recall.condition) }
    : write;
}

/** Writes with all their companions behind them. */
export function listTogether(writes: readonly Write[]): readonly Write[] {
  return [...writes, ...writes.flatMap(({ companion }) => (companion ? [companion] : []))];
}

type Without<T> = T extends unknown ? Omit<T, "kind"> : never;

/** Writes a whole item, under a condition on what stood there before. */
export function put(write: Without<Extract<Write, { kind: "put" }>>): Write {
  return { kind: "put", ...write };
}

/** Changes some attributes of an item (and makes the item where there is none). */
export function update(write: Without<Extract<Write, { kind: "update" }>>): Write {
  return { kind: "update", ...write };
}

/** Changes nothing, and lets the transaction pass only if the condition holds. */
export function check(write: Without<Extract<Write, { kind: "check" }>>): Write {
  return { kind: "check", ...write };
}

/** The update expression of a change, with its placeholders registered. */
function updateExpression(change: Change, placeholders: Placeholders): string {
  const clause = (word: string, actions: readonly string[] = []): string[] =>
    actions.length > 0 ? [`${word} ${actions.join(", ")}`] : [];
  const text = (fragment: Fragment): string => placeholders.text(fragment);
  return [
    ...clause("SET", change.set?.map(text)),
    ...clause(
      "REMOVE",
      change.remove?.map((path) => placeholders.path(path)),
    ),
    ...clause("ADD", change.add?.map(text)),
    ...clause("DELETE", change.delete?.map(text)),
  ].join(" ");
}

/** A write's fields as every DynamoDB write command names them. */
export interface WriteRequest {
  TableName: string;
  Key?: Key;
  Item?: Row;
  UpdateExpression?: string;
  ConditionExpression: string;
  ReturnValuesOnConditionCheckFailure: "ALL_OLD";
}

/** The request of a write; the same form serves a single write and a part of a transaction. */
export function makeRequest(write: Write, tableName: TableResolver): WriteRequest {
  const placeholders = new Placeholders();
  const expressions =
    write.kind === "update"
      ? { UpdateExpression: updateExpression(write.change, placeholders) }
      : {};
  return {
    TableName: tableName(write.table),
    ...(write.kind === "put" ? { Item: write.item } : { Key: write.key }),
    ...expressions,
    ConditionExpression: placeholders.text(allOf(write.condition, layoutIsKnown)),
    ...placeholders.attributes(),
    ReturnValuesOnConditionCheckFailure: "ALL_OLD",
  };
}
