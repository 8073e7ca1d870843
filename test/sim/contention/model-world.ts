/** A tiny world around the contention model for its tests: one table, exact times, requests at chosen instants. */
import { GetCommand, PutCommand, TransactWriteCommand, UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { type ContentionSettings, defaultContention } from "../../../local/contention/settings.ts";
import { type Command, Engine, type Output } from "../engine/engine.ts";
import type { TableDefinition } from "../engine/table.ts";
import { seededRandom } from "../random.ts";
import { ContendedEngine } from "./contended-engine.ts";

const exactly = (medianMs: number) => ({ medianMs, p99Ms: medianMs });

/** The default model with every time drawn exactly, so that a test can stand at an edge. */
const exactContention: ContentionSettings = {
  ...defaultContention,
  busy: exactly(10),
  cancel: exactly(5),
  way: exactly(0),
  read: exactly(2),
  write: exactly(3),
};

/** Rows by id; the sparse index groups those that have a `group`. */
const rowsTable: TableDefinition = {
  name: "Rows",
  partition: { name: "id", type: "S" },
  indexes: [
    {
      name: "byGroup",
      partition: { name: "group", type: "S" },
      sort: { name: "place", type: "N" },
      projection: "KEYS_ONLY",
    },
  ],
};

/** What came of one request. */
export interface Tried {
  readonly output?: Output;
  readonly error?: Error & { readonly CancellationReasons?: readonly { Code?: string }[] };
  readonly keptMs: number;
}

export function createModelWorld(settings: Partial<ContentionSettings> = {}) {
  const time = { nowMs: 1_000_000 };
  const engine = new Engine({ tables: [rowsTable], nowMs: () => time.nowMs });
  const contended = new ContendedEngine(
    engine,
    { ...exactContention, ...settings },
    seededRandom(1),
  );

  function send(command: Command): Tried {
    try {
      const output = contended.execute(command);
      return { output, keptMs: contended.takeDelayMs() };
    } catch (error) {
      return { error: error as Error, keptMs: contended.takeDelayMs() };
    }
  }

  return {
    engine,
    model: contended.model,
    send,
    /** Lets time pass. */
    wait: (durationMs: number) => {
      time.nowMs += durationMs;
    },
    /** Puts a row there without any request. */
    place: (row: Record<string, unknown>) =>
      engine.execute(new PutCommand({ TableName: "Rows", Item: row })),
    put: (row: Record<string, unknown>) => send(new PutCommand({ TableName: "Rows", Item: row })),
    get: (id: string) =>
      send(new GetCommand({ TableName: "Rows", Key: { id }, ConsistentRead: true })),
    count: (id: string, condition?: string) => send(new UpdateCommand(counting(id, condition))),
    transact: (ids: readonly string[], token?: string) =>
      send(
        new TransactWriteCommand({
          TransactItems: ids.map((id) => ({ Update: counting(id) })),
          ...(token === undefined ? {} : { ClientRequestToken: token }),
        }),
      ),
    /** A transaction whose conditions all fail. */
    transactInVain: (ids: readonly string[]) =>
      send(
        new TransactWriteCommand({
          TransactItems: ids.map((id) => ({ Update: counting(id, "attribute_exists(never)") })),
        }),
      ),
  };
}

function counting(id: string, ConditionExpression?: string) {
  return {
    TableName: "Rows",
    Key: { id },
    UpdateExpression: "SET n = if_not_exists(n, :zero) + :one",
    ExpressionAttributeValues: { ":zero": 0, ":one": 1 },
    ...(ConditionExpression === undefined ? {} : { ConditionExpression }),
  };
}

/** The code of each action of a cancelled transaction. */
export function codesOf({ error }: Tried): (string | undefined)[] {
  return (error?.CancellationReasons ?? []).map(({ Code }) => Code);
}
