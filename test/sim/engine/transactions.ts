/** TransactWriteItems: all or nothing, with reasons, and once per token. */
import type { Engine, Output } from "./engine.ts";
import {
  type CancellationReason,
  Faults,
  invalid,
  SimulatedValidationError,
  tokenReused,
  transactionCancelled,
} from "./errors.ts";
import { keyText } from "./table.ts";
import type { Item } from "./values.ts";
import {
  type Outcome,
  outcomeOf,
  prepareInTransaction,
  type PreparedWrite,
  type WriteInput,
  type WriteKind,
  writeUnits,
} from "./writes.ts";

export interface TransactWriteInput {
  readonly TransactItems?: readonly Partial<Record<WriteKind, WriteInput>>[];
  readonly ClientRequestToken?: string;
  readonly ReturnConsumedCapacity?: string;
}

/** DynamoDB remembers a token for ten minutes after the transaction was done. */
const tokenLifeMs = 10 * 60 * 1000;
const maxActions = 100;
const maxTokenLength = 36;

/** Tokens of the transactions that were carried out. */
export class TransactionTokens {
  readonly #done = new Map<string, { readonly request: string; readonly untilMs: number }>();

  /** Whether this very transaction was done already; a refused one may be tried again. */
  isDone(token: string, request: string, nowMs: number): boolean {
    const known = this.#done.get(token);
    if (!known || known.untilMs <= nowMs) return false;
    if (known.request !== request) throw tokenReused();
    return true;
  }

  markDone(token: string, request: string, nowMs: number): void {
    this.#done.set(token, { request, untilMs: nowMs + tokenLifeMs });
  }
}

function prepareAction(
  engine: Engine,
  part: Partial<Record<WriteKind, WriteInput>>,
  index: number,
): () => PreparedWrite {
  const given = Object.entries(part).filter(([, input]) => input !== undefined);
  if (given.length !== 1) {
    invalid("TransactItems can only contain one of Check, Put, Update or Delete");
  }
  const [kind, action] = given[0] as [WriteKind, WriteInput];
  if (kind === "ConditionCheck" && action.ConditionExpression === undefined) {
    invalid(
      `Value null at 'transactItems.${index + 1}.member.conditionCheck.conditionExpression' failed to satisfy constraint: Member must not be null`,
    );
  }
  return prepareInTransaction(engine, kind, action);
}

function checkForm(input: TransactWriteInput): void {
  const count = input.TransactItems?.length ?? 0;
  if (count === 0) {
    invalid(
      "Value [] at 'transactItems' failed to satisfy constraint: Member must have length greater than or equal to 1",
    );
  }
  if (count > maxActions) invalid("Member must have length less than or equal to 100");
  const token = input.ClientRequestToken ?? "";
  if (token.length > maxTokenLength) {
    invalid(
      `Value ${token} at 'clientRequestToken' failed to satisfy constraint: Member must have length less than or equal to 36`,
    );
  }
}

function checkDistinctItems(writes: readonly PreparedWrite[]): void {
  const keys = writes.map(
    ({ table, key }) => `${table.definition.name} ${keyText(table.definition, key)}`,
  );
  if (new Set(keys).size < keys.length) {
    invalid("Transaction request cannot include multiple operations on one item");
  }
}

interface Judged extends Outcome {
  readonly reason: CancellationReason;
}

/** Runs checks whose failure is a reason to cancel, not an error of the whole request. */
function reasonFrom(checks: () => void): CancellationReason {
  try {
    checks();
    return { Code: "None" };
  } catch (error) {
    if (!(error instanceof SimulatedValidationError)) throw error;
    if (error.message === "Invalid attribute value type") throw error;
    return { Code: "ValidationError", Message: error.message };
  }
}

/** What one action would do, and what speaks against it. */
function judged(write: PreparedWrite): Judged {
  const { table, key } = write;
  const keyReason = reasonFrom(() => {
    table.checkKeyValues(key);
    if (write.item) table.checkIndexKeys(write.item);
  });
  if (keyReason.Code !== "None") {
    return { isAllowed: false, old: undefined, next: undefined, reason: keyReason };
  }
  const outcome = outcomeOf(write);
  const { isAllowed, old, next } = outcome;
  if (!isAllowed) {
    const wantsItem = write.input.ReturnValuesOnConditionCheckFailure === "ALL_OLD";
    const Message = "The conditional request failed";
    const item = wantsItem && old ? { Item: old } : {};
    return { ...outcome, reason: { Code: "ConditionalCheckFailed", Message, ...item } };
  }
  if (!next || write.kind === "ConditionCheck") return { ...outcome, reason: { Code: "None" } };
  const reason = reasonFrom(() => {
    table.checkIndexKeys(next);
    table.checkSize(next);
  });
  return { ...outcome, reason };
}

function requestText(input: TransactWriteInput): string {
  return JSON.stringify(input.TransactItems, (_name, value: unknown) =>
    value instanceof Set ? [...value] : value,
  );
}

function consumedByAll(
  input: TransactWriteInput,
  writes: readonly PreparedWrite[],
  outcomes: readonly { old: Item | undefined; next: Item | undefined }[],
): Output {
  if (!input.ReturnConsumedCapacity || input.ReturnConsumedCapacity === "NONE") return {};
  const units = new Map<string, number>();
  for (const [index, write] of writes.entries()) {
    const { old, next } = outcomes[index]!;
    const { name } = write.table.definition;
    units.set(name, (units.get(name) ?? 0) + 2 * writeUnits(write, old, next));
  }
  return {
    ConsumedCapacity: [...units].map(([TableName, CapacityUnits]) => ({
      TableName,
      CapacityUnits,
    })),
  };
}

function attemptAll<T, R>(all: readonly T[], check: (one: T, index: number) => R): R[] {
  const faults = new Faults();
  const results = all.map((one, index) => faults.attempt(() => check(one, index)));
  faults.raise();
  return results as R[];
}

/** Carries out a transaction. */
export function transactWrite(engine: Engine, input: TransactWriteInput): Output {
  checkForm(input);
  const parts = input.TransactItems ?? [];
  const prepared = attemptAll(parts, (part, index) => prepareAction(engine, part, index));
  const token = input.ClientRequestToken;
  const request = token ? requestText(input) : "";
  if (token && engine.tokens.isDone(token, request, engine.nowMs())) return {};
  const writes = attemptAll(prepared, (located) => located());
  checkDistinctItems(writes);
  const outcomes = writes.map(judged);
  const reasons = outcomes.map(({ reason }) => reason);
  if (reasons.some(({ Code }) => Code !== "None")) throw transactionCancelled(reasons);
  for (const [index, write] of writes.entries()) {
    const { old, next } = outcomes[index]!;
    if (write.kind !== "ConditionCheck") engine.commit(write.table, write.key, old, next);
  }
  if (token) engine.tokens.markDone(token, request, engine.nowMs());
  return consumedByAll(input, writes, outcomes);
}
