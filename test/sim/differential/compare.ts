/** Sends the same calls to the simulated engine and to a real one, and lists every difference. */
import { CreateTableCommand, DeleteTableCommand, DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { inspect, isDeepStrictEqual } from "node:util";
import { Engine } from "../engine/engine.ts";
import { SimulatedValidationError } from "../engine/errors.ts";
import { keyAttributes, type TableDefinition } from "../engine/table.ts";
import { seededRandom } from "../random.ts";
import { type Call, CallSource, tablesFor } from "./calls.ts";

/** One call that the two engines answered differently. */
export interface Difference {
  readonly seed: number;
  readonly position: number;
  readonly call: string;
  readonly simulated: unknown;
  readonly real: unknown;
}

export interface Comparison {
  readonly calls: number;
  /** How often which kind of call ended in which way. */
  readonly outcomes: readonly (readonly [outcome: string, times: number])[];
  readonly differences: readonly Difference[];
}

interface EngineError {
  readonly name: string;
  readonly message: string;
  readonly Item?: object;
  readonly CancellationReasons?: readonly { Code?: string; Item?: object; Message?: string }[];
}

/**
 * The part of a message that both engines must share: the sentence, without the excerpt of the
 * expression that DynamoDB Local quotes behind it.
 */
function gist(message: string): string {
  return message
    .replace(/;.*$/s, "")
    .replace(/: keys: \{.*$/s, "")
    .replace(/:? \[.*$/s, "")
    .replace(/^(Invalid \w+: Syntax error).*$/s, "$1");
}

function canonical(value: unknown): unknown {
  if (value instanceof Set) return { set: [...value].toSorted() };
  if (Array.isArray(value)) return value.map(canonical);
  if (typeof value !== "object" || value === null) return value;
  // Marshalled sets, as they stand in errors, are in no order either.
  return Object.fromEntries(
    Object.entries(value)
      .toSorted(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, part]) => [
        name,
        (name === "SS" || name === "NS") && Array.isArray(part) ? part.toSorted() : canonical(part),
      ]),
  );
}

function sortedByText(rows: unknown): unknown {
  return Array.isArray(rows)
    ? rows.toSorted((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
    : rows;
}

function canonicalAnswer(output: Record<string, unknown>, call: Call): unknown {
  const { $metadata: _, ConsumedCapacity: _units, ...rest } = output;
  const answer = canonical(rest) as Record<string, unknown>;
  if (call.isUnordered) answer["Items"] = sortedByText(answer["Items"]);
  const responses = answer["Responses"];
  if (call.name === "batchGet" && responses) {
    answer["Responses"] = Object.fromEntries(
      Object.entries(responses).map(([name, rows]) => [name, sortedByText(rows)]),
    );
  }
  return answer;
}

function canonicalError(error: EngineError): unknown {
  const reasons = error.CancellationReasons?.map(({ Code, Item, Message }) => ({
    Code,
    Item: canonical(Item),
    Message: Code === "ConditionalCheckFailed" ? undefined : Message && gist(Message),
  }));
  return {
    error: error.name,
    message: gist(error.message),
    Item: canonical(error.Item),
    reasons,
    ...(error instanceof SimulatedValidationError && error.faults.length > 1
      ? { faults: error.faults.map(gist) }
      : {}),
  };
}

/**
 * Where one update has several faults, DynamoDB reports one of them, in no documented order: the
 * simulated engine knows them all, and the real one's must be among them.
 */
function namesAnotherFault(simulated: unknown, real: unknown): boolean {
  const { error, faults = [] } = simulated as { error?: string; faults?: string[] };
  const answer = real as { error?: string; message?: string };
  return error === answer.error && faults.includes(answer.message ?? "");
}

async function answerOf(send: () => unknown, call: Call): Promise<unknown> {
  try {
    return canonicalAnswer((await send()) as Record<string, unknown>, call);
  } catch (error) {
    return canonicalError(error as EngineError);
  }
}

function attributeTypes(definition: TableDefinition): object[] {
  const all = [definition, ...(definition.indexes ?? [])].flatMap(keyAttributes);
  const types = new Map(all.map(({ name, type }) => [name, type]));
  return [...types].map(([AttributeName, AttributeType]) => ({ AttributeName, AttributeType }));
}

function schemaOf(schema: Parameters<typeof keyAttributes>[0]): object[] {
  return keyAttributes(schema).map(({ name }, index) => ({
    AttributeName: name,
    KeyType: index === 0 ? "HASH" : "RANGE",
  }));
}

/** The request that makes a real table out of a definition. */
function createTableCommand(definition: TableDefinition): CreateTableCommand {
  return new CreateTableCommand({
    TableName: definition.name,
    BillingMode: "PAY_PER_REQUEST",
    KeySchema: schemaOf(definition) as never,
    AttributeDefinitions: attributeTypes(definition) as never,
    GlobalSecondaryIndexes: definition.indexes?.map((index) => ({
      IndexName: index.name,
      KeySchema: schemaOf(index) as never,
      Projection: { ProjectionType: index.projection },
    })),
  });
}

/** A client of the real engine, set up as the product's own client is. */
export function connect(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: "local",
    credentials: { accessKeyId: "holdfast", secretAccessKey: "holdfast" },
    maxAttempts: 1,
  });
}

/** Whole tables are compared after so many calls, so that no write goes wrong unseen. */
const inspectEvery = Number(process.env["INSPECT_EVERY"] ?? 50);

async function differingItems(
  engine: Engine,
  real: DynamoDBDocumentClient,
  tables: readonly TableDefinition[],
): Promise<readonly [unknown, unknown] | undefined> {
  for (const { name } of tables) {
    const ours = sortedByText(engine.table(name).items().map(canonical));
    const { Items = [] } = await real.send(
      new ScanCommand({ TableName: name, ConsistentRead: true }),
    );
    const theirs = sortedByText(Items.map(canonical));
    if (!isDeepStrictEqual(ours, theirs)) return [ours, theirs];
  }
  return undefined;
}

/** Compares `calls` calls drawn from one seed, one after the other, on tables of their own. */
async function compareSeed(
  client: DynamoDBClient,
  seed: number,
  calls: number,
): Promise<Comparison> {
  // A comparison that was broken off leaves its tables behind.
  const tables = tablesFor(`differential-${seed}-${Date.now()}`);
  const real = DynamoDBDocumentClient.from(client, {
    marshallOptions: { removeUndefinedValues: true },
  });
  const engine = new Engine({ tables, nowMs: () => Date.now() });
  const source = new CallSource(seededRandom(seed), tables, `${seed}-${Date.now()}`);
  const outcomes = new Map<string, number>();
  const differences: Difference[] = [];
  for (const table of tables) await client.send(createTableCommand(table));
  for (let position = 0; position < calls; position += 1) {
    const call = source.next();
    const simulated = await answerOf(() => engine.execute(call.command), call);
    const answer = await answerOf(() => real.send(call.command as never), call);
    const outcome = `${call.name} ${(answer as { error?: string }).error ?? "ok"}`;
    outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
    const isSame = isDeepStrictEqual(simulated, answer) || namesAnotherFault(simulated, answer);
    if (isSame && (position + 1) % inspectEvery !== 0 && position + 1 < calls) continue;
    const items = isSame ? await differingItems(engine, real, tables) : undefined;
    if (isSame && !items) continue;
    const text = inspect(call.command.input, { depth: 9, breakLength: 140 });
    const [ours, theirs] = items ?? [simulated, answer];
    differences.push({
      seed,
      position,
      call: `${call.name} ${text}`,
      simulated: ours,
      real: theirs,
    });
    // From here on the two may hold different items: what follows would say nothing new.
    break;
  }
  for (const table of tables) await client.send(new DeleteTableCommand({ TableName: table.name }));
  return { calls, outcomes: [...outcomes], differences };
}

/** Compares many seeds side by side; `onProgress` hears of every seed that is done. */
export async function compareSeeds(
  client: DynamoDBClient,
  seeds: { readonly first: number; readonly count: number; readonly callsEach: number },
  onProgress: (calls: number) => void = () => {},
): Promise<Comparison> {
  const outcomes = new Map<string, number>();
  const differences: Difference[] = [];
  let calls = 0;
  let next = seeds.first;
  const work = async (): Promise<void> => {
    while (next < seeds.first + seeds.count) {
      const seed = next;
      next += 1;
      const result = await compareSeed(client, seed, seeds.callsEach);
      calls += result.calls;
      differences.push(...result.differences);
      for (const [name, count] of result.outcomes) {
        outcomes.set(name, (outcomes.get(name) ?? 0) + count);
      }
      onProgress(result.calls);
    }
  };
  await Promise.all(Array.from({ length: 12 }, work));
  return { calls, outcomes: [...outcomes], differences };
}
