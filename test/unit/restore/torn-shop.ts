/** A small shop whose tables can be brought back each to an instant of its own, and mended. */
import { mend } from "../../../scripts/restore/mend.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { inventoryService, ledgerService } from "../../../shared/shop.ts";
import type { TableName } from "../../../shared/table/table-name.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { type Contents, createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import type { MoveRequest } from "../../../shared/inventory/ledger-service.ts";

export const root = { id: "root" };

/** Opens a shop over what tables say; without them an empty one. */
export function openShop(contents: Contents = {}, time: TestClock = createTestClock()) {
  const world = createMemoryWorld(time.clock, contents);
  const money = createPayments(world);
  const inventory = inventoryService(world.parts);

  async function place(userId: string, wanted: Readonly<Record<string, number>>): Promise<Order> {
    const items = Object.entries(wanted).map(([itemId, quantity]) => ({ itemId, quantity }));
    const source = { kind: "items", items } as const;
    const by = { userId, actor: { id: userId } };
    // Who came first is told by the clock.
    time.advance(1);
    return (await world.orders.place({ ...by, source, paymentMethod: "sandbox" })).order;
  }

  return {
    ...world,
    time,
    money,
    inventory,
    place,
    give: (itemId: string, quantity: number) =>
      inventory.create(
        {
          itemId,
          name: itemId,
          kind: "Retail",
          quantity,
          price: { amountMinor: 1_000, currency: "EUR" },
          holdPolicy: "counted",
        },
        root,
      ),
    /** Moves stock outside of orders. */
    move: (itemId: string, kind: MoveRequest["kind"], quantity: number) => {
      const reference = `${kind} ${quantity}`;
      return ledgerService(world.parts).move({ itemId, kind, quantity, reference, actor: root });
    },
    pay: (order: Order) => money.send(money.eventOf(order, "payment.captured")),
    statusOf: async ({ orderId }: Order) => (await findOrder(world.database, orderId))?.status,
    stockOf: async (itemId: string) => (await findStock(world.database, itemId))!,
    rowsOf: (table: TableName) => world.contents()[table] ?? [],
    /** Units of an item that the ledger has as sold, less those that came back. */
    soldInLedger(itemId: string): number {
      const units = { sold: 1, returned: -1 } as Readonly<Record<string, number>>;
      return (world.contents()["Movements"] ?? [])
        .filter((each) => each["itemId"] === itemId)
        .reduce(
          (sum, each) => sum + (units[String(each["kind"])] ?? 0) * Number(each["quantity"]),
          0,
        );
    },
    mend: () => mend({ database: world.database, nowMs: time.clock() }),
  };
}

type OpenShop = ReturnType<typeof openShop>;

/** The shop as it comes back: these tables as they were, all others as they are. An hour has passed. */
export function bringBack(shop: OpenShop, earlier: Contents, tables: readonly TableName[]) {
  const back = tables.map((table) => [table, earlier[table] ?? []] as const);
  shop.time.advance(3_600_000);
  return openShop({ ...shop.contents(), ...Object.fromEntries(back) }, shop.time);
}
