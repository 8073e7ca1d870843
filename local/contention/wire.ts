/** DynamoDB's wire format as far as the contention front reads and writes it: items, sizes, refusals. */
import type { AttributeValue } from "@aws-sdk/client-dynamodb";
import { unmarshall } from "@aws-sdk/util-dynamodb";
import type { WireAnswer } from "../database/dynamodb-client.ts";
import type { Image } from "./charges.ts";
import type { Reason } from "./contention.ts";
import type { Attributes, Footprint } from "./footprint.ts";
import { listCancellations, refusalTexts } from "./refusals.ts";

/** An item as it travels. */
export type WireItem = Record<string, AttributeValue>;

/** One action, as far as it names an item. */
export interface WireAction {
  readonly Key?: WireItem;
  readonly Item?: WireItem;
}

type WireBatch = Record<string, { Keys?: WireItem[] } | Record<string, WireAction>[]>;

/** A request as it travels, as far as it names items. */
export interface WireInput extends WireAction {
  readonly TransactItems?: Record<string, WireAction>[];
  readonly RequestItems?: WireBatch;
  readonly ExpressionAttributeValues?: WireItem;
}

/** Bytes that a value counts for in the size of its item. */
function measureSize(value: AttributeValue): number {
  if (value.S !== undefined) return Buffer.byteLength(value.S);
  if (value.N !== undefined) return 1 + Math.ceil(value.N.length / 2);
  if (value.M) return 3 + Object.keys(value.M).length + sizeOfItem(value.M);
  if (value.L) return value.L.reduce((sum, part) => sum + 1 + measureSize(part), 3);
  const texts = value.SS ?? value.NS ?? value.BS ?? (value.B ? [value.B] : []);
  return Math.max(
    1,
    texts.reduce<number>((sum, text) => sum + text.length, 0),
  );
}

/** Bytes of an item, attribute names included. */
function sizeOfItem(item: WireItem): number {
  return Object.entries(item).reduce(
    (sum, [name, value]) => sum + Buffer.byteLength(name) + measureSize(value),
    0,
  );
}

/** An item as the model wants to see it. */
export function parseImage(item: WireItem | undefined): Image | undefined {
  return item && { bytes: sizeOfItem(item), attributes: plainItem(item) };
}

/** An item in plain values; numbers stay as they were written, however large. */
export function plainItem(item: WireItem): Attributes {
  return unmarshall(item, { wrapNumbers: true });
}

function plainAction(action: WireAction): Record<string, unknown> {
  const { Key, Item } = action;
  return {
    ...action,
    ...(Key ? { Key: plainItem(Key) } : {}),
    ...(Item ? { Item: plainItem(Item) } : {}),
  };
}

function plainParts(part: Record<string, WireAction>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(part).map(([kind, one]) => [kind, plainAction(one)]));
}

function plainBatch(items: WireBatch): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(items).map(([name, request]) => [
      name,
      Array.isArray(request)
        ? request.map(plainParts)
        : { ...request, Keys: request.Keys?.map(plainItem) },
    ]),
  );
}

/** The request with its items in plain values, for `parseFootprint`. */
export function plainInput(input: WireInput): Record<string, unknown> {
  const { TransactItems, RequestItems, ExpressionAttributeValues: values } = input;
  return {
    ...plainAction(input),
    ...(TransactItems ? { TransactItems: TransactItems.map(plainParts) } : {}),
    ...(RequestItems ? { RequestItems: plainBatch(RequestItems) } : {}),
    ...(values ? { ExpressionAttributeValues: plainItem(values) } : {}),
  };
}

const service = "com.amazonaws.dynamodb.v20120810";

function failure(type: string, message: string, more: object = {}): WireAnswer {
  const body = Buffer.from(JSON.stringify({ __type: type, message, Message: message, ...more }));
  return { status: 400, headers: {}, body };
}

/** What a transaction under way answers to its own repetition. */
export function inProgress(): WireAnswer {
  return failure(`${service}#TransactionInProgressException`, refusalTexts.inProgress);
}

/** A refusal as an on-demand table words it. */
export function refusal({ form }: Footprint, reasons: readonly Reason[]): WireAnswer {
  if (form === "transaction") {
    const told = listCancellations(reasons);
    const codes = told.map(({ Code }) => Code).join(", ");
    const message = `Transaction cancelled, please refer cancellation reasons for specific reasons [${codes}]`;
    const more = { CancellationReasons: told };
    return failure(`${service}#TransactionCanceledException`, message, more);
  }
  if (reasons.includes("conflict")) {
    return failure(`${service}#TransactionConflictException`, refusalTexts.conflict);
  }
  if (form === "batch") {
    const type = `${service}#ProvisionedThroughputExceededException`;
    return failure(type, refusalTexts.throttledBatch);
  }
  return failure("com.amazon.coral.availability#ThrottlingException", refusalTexts.throttled);
}
