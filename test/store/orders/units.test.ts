/** Where each write unit of an order goes, as the real engine counts it: docs/decisions/0015-rows-of-constant-size.md. */
import { DynamoDBClient } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient } from "@aws-sdk/lib-dynamodb";
import { beforeAll, beforeEach, describe, expect, inject, it } from "vitest";
import { definitions } from "../../../infra/settings/definitions.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { PlaceOrder } from "../../../shared/orders/order-request.ts";
import type { DocumentClient } from "../../../shared/table/database.ts";
import { createTestClock } from "../../support/clock.ts";
import { createPayments } from "../../support/payments.ts";
import { createTables, localClientSettings } from "../../support/tables.ts";
import { createWorldOver, giveItem, type World } from "../../support/world.ts";

type Units = Record<string, number>;

interface Spent {
  readonly CapacityUnits: number;
}

interface Capacity {
  readonly TableName: string;
  readonly Table?: Spent;
  readonly GlobalSecondaryIndexes?: Readonly<Record<string, Spent>>;
}

let world: World;
let money: ReturnType<typeof createPayments>;
/** What has been written so far: a table or its index, and write units. */
let units: Units = {};
const itemId = "chair";
const shopper = { userId: "ada", actor: { id: "ada" } };

/** Only writes: reads say what they consumed in the same words. */
function count(command: string, consumed: readonly Capacity[], nameOf: (table: string) => string) {
  if (!/Write|Update|Put|Delete/.test(command)) return;
  for (const { TableName, Table, GlobalSecondaryIndexes = {} } of consumed) {
    const table = nameOf(TableName);
    const add = (name: string, { CapacityUnits: more }: Spent = { CapacityUnits: 0 }): void => {
      if (more > 0) units[name] = (units[name] ?? 0) + more;
    };
    add(table, Table);
    for (const [name, each] of Object.entries(GlobalSecondaryIndexes))
      add(`${table}.${name}`, each);
  }
}

/** Asks the engine to tell what goes to which index. */
async function createToldWorld(): Promise<World> {
  const endpoint = inject("dynamoDbEndpoint");
  const tables = await createTables(endpoint);
  const names = new Map(Object.entries(tables).map(([name, real]) => [real, name]));
  const raw = DynamoDBDocumentClient.from(new DynamoDBClient(localClientSettings(endpoint)), {
    marshallOptions: { removeUndefinedValues: true },
  });
  const client = {
    async send(command: { readonly input: object }) {
      Object.assign(command.input, { ReturnConsumedCapacity: "INDEXES" });
      const output = (await raw.send(command as never)) as { ConsumedCapacity?: Capacity };
      const consumed = [output.ConsumedCapacity ?? []].flat();
      count(command.constructor.name, consumed, (table) => names.get(table)!);
      return output;
    },
  };
  const { clock } = createTestClock();
  const made = createWorldOver({ client: client as unknown as DocumentClient, tables, clock });
  const limits = {
    maxOpenOrders: definitions.maxOpenOrders.default,
    maxUnitsPerLine: definitions.maxUnitsPerLine.default,
    maxUnpaidOrders: definitions.maxUnpaidOrders.default,
    unpaidPauseMs: definitions.unpaidPauseSeconds.default * 1_000,
  };
  return { ...made, parts: { ...made.parts, settings: { ...made.parts.settings, limits } } };
}

beforeAll(async () => {
  world = await createToldWorld();
  money = createPayments(world);
  await giveItem(world, { itemId, quantity: 1_000 });
});

beforeEach(() => {
  units = {};
});

async function unitsOf<T>(work: () => Promise<T>): Promise<[result: T, units: Units]> {
  units = {};
  const result = await work();
  return [result, { ...units }];
}

const sum = (spent: Units): number => Object.values(spent).reduce((all, one) => all + one, 0);

const place = async (more: Partial<PlaceOrder> = {}): Promise<Order> => {
  const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
  const wish = { ...shopper, source, paymentMethod: "sandbox" as const };
  return (await money.orders.place({ ...wish, ...more })).order;
};

const own = ({ orderId }: Order) => ({
  orderId,
  caller: { userId: "ada", isAdmin: false },
  actor: shopper.actor,
});

/** Two for each row that a transaction writes, and two for each entry of an index that comes or goes. */
const rows = { Orders: 2, Stock: 2, Shoppers: 2 };

const placed = { ...rows, "Orders.byUser": 2, "Orders.due": 2 };
/** Its deadline moves: one entry goes, another one comes. */
const started = { ...rows, "Orders.due": 4 };
const ended = { ...rows, "Orders.due": 2 };

const start = (order: Order) => money.payments.initiate(own(order));
const pay = (order: Order) => money.send(money.eventOf(order, "payment.captured"));
const cancel = (order: Order) =>
  money.orders.cancel(order.orderId, own(order).caller, shopper.actor);

describe("write units of an order of one line, by where they go", () => {
  it("are 10 when it is placed, 10 when its payment starts, 8 when it is paid: 28 in all", async () => {
    const [order, first] = await unitsOf(() => place({ idempotencyKey: "paid" }));
    expect(first).toEqual(placed);
    const [, second] = await unitsOf(() => start(order));
    expect(second).toEqual(started);
    const [, third] = await unitsOf(() => pay(order));
    expect(third).toEqual(ended);
    expect([first, second, third].map(sum)).toEqual([10, 10, 8]);
  });

  it("are 8 when it is cancelled", async () => {
    const [order] = await unitsOf(() => place({ idempotencyKey: "cancelled" }));
    expect(await unitsOf(() => cancel(order))).toEqual([expect.anything(), ended]);
  });

  it("are 2 more in each step of an order that was made of a cart", async () => {
    const cart = { ...shopper, sessionId: "s", instance: "menu" };
    const order = async (): Promise<[Order, Units]> => {
      await world.carts.addLine(cart, { itemId, quantity: 1 });
      return unitsOf(() => place({ source: { kind: "cart", sessionId: "s" } }));
    };
    const [first, spent] = await order();
    expect(spent).toEqual({ ...placed, Carts: 2 });
    expect((await unitsOf(() => cancel(first)))[1]).toEqual({ ...ended, Carts: 2 });
    const [second] = await order();
    expect((await unitsOf(() => start(second)))[1]).toEqual({ ...started, Carts: 2 });
    expect((await unitsOf(() => pay(second)))[1]).toEqual({ ...ended, Carts: 2 });
  });
});
