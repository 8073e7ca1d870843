/** Which items a request touches and how: all that the model has to know of it. */

/** An item, or as much of one as is known, in the document client's own values. */
export type Attributes = Readonly<Record<string, unknown>>;

/** The names of a key's attributes. */
export interface KeyNames {
  readonly partition: string;
  readonly sort?: string;
}

/** An index, and whether it holds whole items or their keys alone. */
export interface ContendedIndex extends KeyNames {
  readonly name: string;
  readonly holdsAll: boolean;
}

/** A table as far as the model needs it. */
export interface ContendedTable extends KeyNames {
  readonly name: string;
  readonly indexes: readonly ContendedIndex[];
}

/** One item and what is done to it. */
export interface Touch {
  readonly table: ContendedTable;
  readonly key: Attributes;
  readonly deed: "get" | "put" | "update" | "delete" | "check";
  /** The whole new item of a put. */
  readonly item?: Attributes;
  readonly isConsistent: boolean;
}

/**
 * - `single`: one item
 * - `batch`: each item for itself
 * - `transaction`: all or nothing
 * - `list`: a query or a scan, with the partition that a query names
 */
export interface Footprint {
  readonly form: "single" | "batch" | "transaction" | "list";
  readonly isWrite: boolean;
  readonly touches: readonly Touch[];
  readonly token?: string;
  readonly list?: {
    readonly table: ContendedTable;
    readonly index?: string;
    readonly partitionKey?: string;
  };
}

interface Action {
  readonly TableName?: string;
  readonly Key?: Attributes;
  readonly Item?: Attributes;
  readonly ConsistentRead?: boolean;
}

type Part = Readonly<Record<string, Action | undefined>>;

interface Input extends Action {
  readonly TransactItems?: readonly Part[];
  readonly ClientRequestToken?: string;
  readonly RequestItems?: Readonly<Record<string, unknown>>;
  readonly IndexName?: string;
  readonly KeyConditionExpression?: string;
  readonly ExpressionAttributeNames?: Readonly<Record<string, string>>;
  readonly ExpressionAttributeValues?: Attributes;
}

/** Finds a table by the name that requests give it. */
export type FindTable = (name: string) => ContendedTable | undefined;

const deeds: Readonly<Record<string, Touch["deed"]>> = {
  Get: "get",
  Put: "put",
  Update: "update",
  Delete: "delete",
  ConditionCheck: "check",
};

/** A key as text, equal for equal keys only. */
export function itemName({ table, key }: Pick<Touch, "table" | "key">): string {
  const sort = table.sort === undefined ? "" : `\u0000${String(key[table.sort])}`;
  return `${table.name}\u0000${String(key[table.partition])}${sort}`;
}

function parseTouch(find: FindTable, name: string, deed: Touch["deed"], action: Action): Touch[] {
  const table = find(name);
  const source = action.Key ?? action.Item;
  if (!table || !source) return [];
  const names = [table.partition, ...(table.sort === undefined ? [] : [table.sort])];
  const key = Object.fromEntries(names.map((part) => [part, source[part]]));
  const item = action.Item ? { item: action.Item } : {};
  return [{ table, key, deed, ...item, isConsistent: action.ConsistentRead ?? false }];
}

function parseTransaction(find: FindTable, input: Input): Footprint {
  const touches = (input.TransactItems ?? []).flatMap((part) =>
    Object.entries(part).flatMap(([kind, action]) =>
      action ? parseTouch(find, action.TableName ?? "", deeds[kind] ?? "update", action) : [],
    ),
  );
  const { ClientRequestToken: token } = input;
  const isWrite = touches.some(({ deed }) => deed !== "get");
  return { form: "transaction", isWrite, touches, ...(token === undefined ? {} : { token }) };
}

interface BatchWrite {
  readonly PutRequest?: Action;
  readonly DeleteRequest?: Action;
}

function parseBatch(find: FindTable, isWrite: boolean, items: object): Footprint {
  const touches = Object.entries(items).flatMap(([name, request]) => {
    if (!isWrite) {
      const { Keys = [], ConsistentRead = false } = request as {
        Keys?: Attributes[];
        ConsistentRead?: boolean;
      };
      return Keys.flatMap((Key) => parseTouch(find, name, "get", { Key, ConsistentRead }));
    }
    return (request as BatchWrite[]).flatMap(({ PutRequest, DeleteRequest = {} }) =>
      PutRequest
        ? parseTouch(find, name, "put", PutRequest)
        : parseTouch(find, name, "delete", DeleteRequest),
    );
  });
  return { form: "batch", isWrite, touches };
}

/** The partition that a query names: the one key attribute that it compares with `=`. */
function partitionIn(input: Input, { partition }: KeyNames): string | undefined {
  const { KeyConditionExpression = "", ExpressionAttributeNames: names = {} } = input;
  for (const [, name = "", value = ""] of KeyConditionExpression.matchAll(
    /(#?\w+)\s*=\s*(:\w+)/g,
  )) {
    if ((names[name] ?? name) === partition)
      return String(input.ExpressionAttributeValues?.[value]);
  }
  return undefined;
}

function parseList(find: FindTable, input: Input): Footprint | undefined {
  const table = find(input.TableName ?? "");
  if (!table) return undefined;
  const { IndexName: index } = input;
  const keys = table.indexes.find(({ name }) => name === index) ?? table;
  const partitionKey = partitionIn(input, keys);
  const list = {
    table,
    ...(index === undefined ? {} : { index }),
    ...(partitionKey === undefined ? {} : { partitionKey }),
  };
  return { form: "list", isWrite: false, touches: [], list };
}

/**
 * The footprint of a request: `operation` as the API names it (`GetItem`, `TransactWriteItems`), or as the
 * document client does (`Get`, `TransactWrite`). Undefined when it touches nothing that the model knows.
 */
export function parseFootprint(
  operation: string,
  input: object,
  find: FindTable,
): Footprint | undefined {
  const name = operation.replace(/Items?$/, "");
  const request = input as Input;
  const footprint = formed(name, request, find);
  if (!footprint || footprint.form === "list") return footprint;
  return footprint.touches.length > 0 ? footprint : undefined;
}

function formed(name: string, input: Input, find: FindTable): Footprint | undefined {
  if (name === "Query" || name === "Scan") return parseList(find, input);
  if (name.startsWith("Transact")) return parseTransaction(find, input);
  if (name.startsWith("Batch")) {
    return parseBatch(find, name === "BatchWrite", input.RequestItems ?? {});
  }
  const deed = deeds[name];
  if (!deed) return undefined;
  const touches = parseTouch(find, input.TableName ?? "", deed, input);
  return { form: "single", isWrite: deed !== "get", touches };
}
