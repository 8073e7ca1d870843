/**
 * The contention model in front of DynamoDB Local, in real time: requests wait, conflict and are throttled as the
 * model says, and only what it lets in reaches the database.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { DynamoDbConnection, WireAnswer } from "../database/dynamodb-client.ts";
import type { Image } from "./charges.ts";
import { ContentionModel, type Entry, type Outcome } from "./contention.ts";
import {
  type ContendedTable,
  type FindTable,
  type Footprint,
  parseFootprint,
  itemName,
} from "./footprint.ts";
import { splitBatch } from "./refusals.ts";
import type { ContentionSettings } from "./settings.ts";
import {
  parseImage,
  inProgress,
  plainInput,
  plainItem,
  refusal,
  type WireAction,
  type WireInput,
  type WireItem,
} from "./wire.ts";

/** DynamoDB behind the model. */
export interface ContentionFront extends Pick<DynamoDbConnection, "forward"> {
  readonly model: ContentionModel;
}

interface KeyElement {
  readonly AttributeName: string;
  readonly KeyType: "HASH" | "RANGE";
}

interface IndexDescription {
  readonly IndexName: string;
  readonly KeySchema: readonly KeyElement[];
  readonly Projection: { readonly ProjectionType?: string };
}

interface Description {
  readonly Table: {
    readonly KeySchema: readonly KeyElement[];
    readonly GlobalSecondaryIndexes?: readonly IndexDescription[];
  };
}

function keyNames(schema: readonly KeyElement[]): { partition: string; sort?: string } {
  const of = (type: string) => schema.find(({ KeyType }) => KeyType === type)?.AttributeName;
  const sort = of("RANGE");
  return { partition: of("HASH") ?? "", ...(sort === undefined ? {} : { sort }) };
}

async function describe(dynamoDb: DynamoDbConnection, name: string): Promise<ContendedTable> {
  const { Table } = await dynamoDb.call<Description>("DescribeTable", { TableName: name });
  const indexes = (Table.GlobalSecondaryIndexes ?? []).map((index) => ({
    name: index.IndexName,
    ...keyNames(index.KeySchema),
    holdsAll: index.Projection.ProjectionType === "ALL",
  }));
  return { name, ...keyNames(Table.KeySchema), indexes };
}

type Output = Record<string, unknown> & {
  Item?: WireItem;
  Responses?: Record<string, WireItem[]> | { Item?: WireItem }[];
  ConsumedCapacity?: { CapacityUnits?: number };
  CancellationReasons?: readonly { Code?: string }[];
};

/** The items that an answer to a read holds, by their names. */
function itemsRead({ Item, Responses }: Output, { touches }: Footprint): Map<string, WireItem> {
  const [only] = touches;
  if (Item && only) return new Map([[itemName(only), Item]]);
  const found = Array.isArray(Responses)
    ? Responses.flatMap(({ Item: item }, index) => {
        const touch = touches[index];
        return item && touch ? [[touch.table, item] as const] : [];
      })
    : Object.entries(Responses ?? {}).flatMap(([name, items]) => {
        const table = touches.find((touch) => touch.table.name === name)?.table;
        return table ? items.map((item) => [table, item] as const) : [];
      });
  return new Map(found.map(([table, item]) => [itemName({ table, key: plainItem(item) }), item]));
}

function failedIn(answer: WireAnswer, output: Output, { touches }: Footprint): number[] {
  if (answer.status === 200) return [];
  const { CancellationReasons: reasons } = output;
  if (!reasons) return touches.map((_touch, index) => index);
  return reasons.flatMap(({ Code }, index) => (Code === "None" ? [] : [index]));
}

/** A wait of the model's; timers of less than a millisecond would only add their own error. */
const wait = async (ms: number): Promise<void> => (ms >= 1 ? sleep(ms) : undefined);

/** The items of a request as they stand, asked from the database itself: nobody is charged for that. */
async function imagesNow(
  dynamoDb: DynamoDbConnection,
  { touches }: Footprint,
  inputs: readonly WireItem[],
): Promise<(Image | undefined)[]> {
  const asked: Record<string, { Keys: WireItem[]; ConsistentRead: true }> = {};
  for (const [index, { table }] of touches.entries()) {
    (asked[table.name] ??= { Keys: [], ConsistentRead: true }).Keys.push(inputs[index]!);
  }
  const output = await dynamoDb
    .call<Output>("BatchGetItem", { RequestItems: asked })
    // A request that names no items as it should is for the database to refuse.
    .catch((): Output => ({}));
  const found = itemsRead(output, { form: "batch", isWrite: false, touches });
  return touches.map((touch) => parseImage(found.get(itemName(touch))));
}

type BatchRequest = NonNullable<WireInput["RequestItems"]>[string];

function listParts(request: BatchRequest): Record<string, WireAction>[] {
  return Array.isArray(request) ? request : (request.Keys ?? []).map((Key) => ({ Get: { Key } }));
}

/** The keys of the touches as they travelled, in the same order. */
function wireKeys(input: WireInput, { touches }: Footprint): WireItem[] {
  const { TransactItems, RequestItems } = input;
  const parts = TransactItems ?? Object.values(RequestItems ?? {}).flatMap(listParts);
  const actions =
    TransactItems || RequestItems ? parts.flatMap(Object.values<WireAction>) : [input];
  return touches.map(({ table }, index) => {
    const { Key, Item } = actions[index] ?? {};
    const source: WireItem = Key ?? Item ?? {};
    const names = [table.partition, ...(table.sort === undefined ? [] : [table.sort])];
    return Object.fromEntries(names.map((name) => [name, source[name] ?? { NULL: true }]));
  });
}

/** Makes the front of these tables; requests to others pass through untouched. */
export async function createContentionFront(
  dynamoDb: DynamoDbConnection,
  served: readonly { readonly name: string }[],
  settings: ContentionSettings,
): Promise<ContentionFront> {
  const described = await Promise.all(served.map(({ name }) => describe(dynamoDb, name)));
  const tables = new Map(described.map((table) => [table.name, table]));
  const find: FindTable = (name) => tables.get(name.split("table/").at(-1) ?? name);
  const model = new ContentionModel(settings, Math.random);

  async function carryOut(
    target: string,
    input: WireInput,
    footprint: Footprint,
    { reasons, visit }: Extract<Entry, { kind: "admitted" }>,
  ): Promise<WireAnswer> {
    const isPart = footprint.form === "batch" && reasons.some((reason) => reason !== undefined);
    const split = isPart
      ? splitBatch(input.RequestItems ?? {}, (position) => reasons[position] === undefined)
      : undefined;
    const sent = split ? { ...input, RequestItems: split.admitted } : input;
    let outcome: Outcome = { failed: footprint.touches.map((_touch, index) => index), after: [] };
    try {
      const answer = await dynamoDb.forward(target, JSON.stringify(sent));
      const output = JSON.parse(answer.body.toString()) as Output;
      const read = itemsRead(output, footprint);
      const after = footprint.isWrite
        ? await imagesNow(dynamoDb, footprint, wireKeys(input, footprint))
        : footprint.touches.map((touch) => parseImage(read.get(itemName(touch))));
      const readUnits = output.ConsumedCapacity?.CapacityUnits;
      const failed = failedIn(answer, output, footprint);
      outcome = { failed, after, ...(readUnits === undefined ? {} : { readUnits }) };
      if (!split || answer.status !== 200) return answer;
      const leftover = footprint.isWrite ? "UnprocessedItems" : "UnprocessedKeys";
      const body = Buffer.from(JSON.stringify({ ...output, [leftover]: split.left }));
      return { ...answer, body };
    } finally {
      await wait(visit.leave(outcome, performance.now()));
    }
  }

  async function answerTo(target: string, body: Buffer | string): Promise<WireAnswer> {
    const input = JSON.parse(body.toString()) as WireInput;
    const operation = target.split(".").at(-1) ?? "";
    const footprint = parseFootprint(operation, plainInput(input), find);
    if (!footprint) return dynamoDb.forward(target, body);
    await wait(model.wayMs());
    const before = footprint.isWrite
      ? await imagesNow(dynamoDb, footprint, wireKeys(input, footprint))
      : [];
    const entry = model.enter(footprint, before, performance.now());
    if (entry.kind === "admitted") return carryOut(target, input, footprint, entry);
    await wait(entry.tookMs);
    return entry.kind === "refused" ? refusal(footprint, entry.reasons) : inProgress();
  }

  return {
    model,
    async forward(target, body) {
      const given = await answerTo(target, body);
      await wait(model.wayMs());
      return given;
    },
  };
}
