/** Promotions on orders: what applies, what it costs in requests, how uses are taken and given back. */
import { ScanCommand } from "@aws-sdk/lib-dynamodb";
import { beforeAll, describe, expect, inject, it } from "vitest";
import { isUsesId } from "../../../shared/base/uses-id.ts";
import { listStocks } from "../../../shared/inventory/stock-store.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import type { PromotionFacts } from "../../../shared/promotions/promotion.ts";
import type { DocumentClient } from "../../../shared/table/database.ts";
import { copyOfMap, sizeOfItem } from "../../sim/engine/values.ts";
import { createTestClock, type TestClock } from "../../support/clock.ts";
import { createPayments, type Payments } from "../../support/payments.ts";
import {
  createWorld,
  createWorldOver,
  errorOf,
  giveItem,
  metered,
  wholeHoldMs,
  type World,
} from "../../support/world.ts";

let world: World;
let time: TestClock;
let money: Payments;
let serial = 0;
const unique = (name: string): string => `${name}-${(serial += 1)}`;
const root = { id: "root" };

const discount: PromotionFacts = {
  name: "Sale",
  type: "discount",
  target: "total",
  value: "-10%",
  order: 0,
  automatic: false,
  combinable: false,
  active: true,
};

beforeAll(async () => {
  time = createTestClock();
  const made = await createWorld(inject("dynamoDbEndpoint"), time.clock);
  world = createWorldOver({ ...made, client: counting(made.client) });
  money = createPayments(world);
});

/** How many writes each transaction had. */
const transactions: number[] = [];

function counting(client: DocumentClient): DocumentClient {
  const send = (command: { input: { TransactItems?: readonly unknown[] } }): Promise<unknown> => {
    if (command.input.TransactItems) transactions.push(command.input.TransactItems.length);
    return (client.send as (given: unknown) => Promise<unknown>)(command);
  };
  return { send } as unknown as DocumentClient;
}

async function promote(more: Partial<PromotionFacts> = {}): Promise<string> {
  const code = unique("CODE");
  await world.promotions.put(code, { ...discount, ...more }, root);
  return code;
}

async function usesOf(code: string) {
  const { available, held, sold } = (await world.promotions.get(code)).uses!;
  return [available, held, sold];
}

interface Shopper {
  readonly userId: string;
  readonly at: { userId: string; sessionId: string; instance: string; actor: { id: string } };
}

/** Somebody with two of an item at 10.00 in the cart. */
async function aShopper(userId = unique("user")): Promise<Shopper> {
  const itemId = unique("item");
  await giveItem(world, { itemId, quantity: 1_000 });
  const at = { userId, sessionId: "s", instance: "menu", actor: { id: userId } };
  await world.carts.addLine(at, { itemId, quantity: 2 });
  return { userId, at };
}

async function shopperWith(...codes: string[]): Promise<Shopper> {
  const shopper = await aShopper();
  for (const code of codes) await world.carts.enterCode(shopper.at, code);
  return shopper;
}

async function order({ userId }: Shopper): Promise<Order> {
  const source = { kind: "cart", sessionId: "s" } as const;
  const request = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" } as const;
  return (await world.orders.place(request)).order;
}

const start = ({ orderId, userId }: Order) =>
  money.payments.initiate({ orderId, caller: { userId, isAdmin: false }, actor: { id: userId } });
const cancel = ({ orderId, userId }: Order) =>
  world.orders.cancel(orderId, { userId, isAdmin: false }, { id: userId });
const pay = (placed: Order) => money.send(money.eventOf(placed, "payment.captured"));
const statusOf = async ({ orderId }: Order) => (await findOrder(world.database, orderId))!.status;
const refusal = async (work: Promise<unknown>) => {
  const { code, fields } = await errorOf(work);
  return [code, (fields as { reason?: string }).reason];
};

describe("a code", () => {
  it("takes off what it says, and the order remembers what with a share per line", async () => {
    const code = await promote({ value: "-15%" });
    const shopper = await aShopper();
    const cheap = unique("item");
    await giveItem(world, { itemId: cheap, amountMinor: 333 });
    await world.carts.addLine(shopper.at, { itemId: cheap, quantity: 1 });
    await world.carts.enterCode(shopper.at, code.toLowerCase());
    const placed = await order(shopper);
    // 15 % of 23.33 are 3.50: 3.00 of 20.00 and 0.50 of 3.33.
    expect(placed).toMatchObject({
      totalMinor: 1_983,
      adjustments: [{ name: "Sale", code, amountMinor: -350, shares: [-300, -50] }],
      lines: [{ adjustmentMinor: -300 }, { adjustmentMinor: -50 }],
    });
    expect(placed).not.toHaveProperty("uses");
  });

  it.each([
    ["without limits", {}, 1],
    ["with so many uses", { maxUses: 5 }, 1],
    ["with so many uses a shopper", { maxUsesPerShopper: 1 }, 2],
    ["with both", { maxUses: 5, maxUsesPerShopper: 1 }, 2],
  ])(
    "%s costs no request and at most two small writes more, which are 4 units",
    async (_, limits, more) => {
      const shopper = await shopperWith(await promote(limits));
      const sizes = transactions.length;
      const { meter } = await metered(() => order(shopper));
      expect(meter.requests).toBe(2);
      // Order, cart and item; DynamoDB Local tells the units of a table as if its rows were one.
      expect(transactions.slice(sizes)).toEqual([3 + more]);
      const rows = await world.client.send(new ScanCommand({ TableName: world.tables.Stock }));
      const uses = rows.Items!.filter(({ itemId }) => String(itemId).startsWith("uses"));
      for (const row of uses) expect(sizeOfItem(copyOfMap(row))).toBeLessThan(1_024);
    },
  );

  it("is unknown, not started, ended, below its minimum or in bad company, and says which", async () => {
    const now = time.clock();
    const enter = async (code: string, shopper?: Shopper) =>
      refusal(world.carts.enterCode((shopper ?? (await aShopper())).at, code));
    expect(await enter("NOSUCH")).toEqual(["CODE_NOT_ACCEPTED", "unknown"]);
    expect(await enter(await promote({ active: false }))).toEqual(["CODE_NOT_ACCEPTED", "unknown"]);
    const tax = await promote({ automatic: true, startsAtMs: now + 1e9 });
    expect(await enter(tax)).toEqual(["CODE_NOT_ACCEPTED", "unknown"]);
    await world.promotions.delete(tax, root);
    expect((await enter(await promote({ startsAtMs: now + 1 })))[1]).toBe("not_started");
    expect((await enter(await promote({ endsAtMs: now })))[1]).toBe("ended");
    expect((await enter(await promote({ minSubtotalMinor: 2_001 })))[1]).toBe(
      "minimum_not_reached",
    );
    const loner = await shopperWith(await promote());
    expect((await enter(await promote({ combinable: true }), loner))[1]).toBe("not_combinable");
    const friend = await shopperWith(await promote({ combinable: true }));
    expect((await enter(await promote(), friend))[1]).toBe("not_combinable");
    await world.carts.enterCode(friend.at, await promote({ combinable: true }));
    expect((await order(friend)).totalMinor).toBe(1_620);
  });

  it("used up or used by you is refused when it is entered, and when it is ordered", async () => {
    const code = await promote({ maxUses: 1, maxUsesPerShopper: 1 });
    const [first, second] = [await shopperWith(code), await shopperWith(code)];
    await order(first);
    expect(await refusal(order(second))).toEqual(["CODE_NOT_ACCEPTED", "used_up"]);
    const late = await aShopper();
    expect((await refusal(world.carts.enterCode(late.at, code)))[1]).toBe("used_up");

    const once = await promote({ maxUsesPerShopper: 1 });
    const again = await shopperWith(once);
    const elsewhere = { ...again.at, sessionId: "other" };
    const itemId = (await giveItem(world, { itemId: unique("item") })).itemId;
    await world.carts.addLine(elsewhere, { itemId, quantity: 1 });
    await world.carts.enterCode(elsewhere, once);
    await order(again);
    const source = { kind: "cart", sessionId: "other" } as const;
    const { userId } = again;
    const request = { userId, actor: { id: userId }, source, paymentMethod: "sandbox" } as const;
    expect((await refusal(world.orders.place(request)))[1]).toBe("used_by_you");
    await world.carts.removeCode(elsewhere, once);
    expect((await refusal(world.carts.enterCode(elsewhere, once)))[1]).toBe("used_by_you");
    expect((await world.orders.place(request)).order.totalMinor).toBe(1_000);
  });

  it("that ended, was deleted, or whose minimum is missed by now is refused, never dropped @long", async () => {
    const ending = await promote({ endsAtMs: time.clock() + 1_000 });
    const waiting = await shopperWith(ending);
    const gone = await promote();
    const left = await shopperWith(gone);
    const rich = await shopperWith(await promote({ minSubtotalMinor: 2_000 }));
    await world.promotions.delete(gone, root);
    time.advance(1_000);
    expect((await refusal(order(waiting)))[1]).toBe("ended");
    expect((await refusal(order(left)))[1]).toBe("unknown");
    const { itemId } = (await world.carts.getItems(rich.at)).items[0]!;
    await world.carts.changeQuantity(rich.at, itemId, 1);
    expect((await refusal(order(rich)))[1]).toBe("minimum_not_reached");
    // Taking it back is the shopper's way on.
    await world.carts.removeCode(left.at, gone);
    expect((await order(left)).totalMinor).toBe(2_000);
  });

  it.each([{}, { maxUses: 9 }, { maxUsesPerShopper: 9 }])(
    "changed after it was entered (%o) counts as it is now",
    async (limits) => {
      const code = await promote(limits);
      const shopper = await shopperWith(code);
      await world.promotions.put(code, { ...discount, ...limits, value: "-50%" }, root);
      const placed = await order(shopper);
      expect(placed.totalMinor).toBe(1_000);
    },
  );

  it("that was given a longer life counts, though it had ended when it was entered", async () => {
    const code = await promote({ endsAtMs: time.clock() + 10 });
    const shopper = await shopperWith(code);
    await world.promotions.put(code, discount, root);
    time.advance(1_000);
    expect((await order(shopper)).totalMinor).toBe(1_800);
  });

  it("leaves the cart with what was bought, and stays when nothing was", async () => {
    const code = await promote();
    const shopper = await shopperWith(code);
    await cancel(await order(shopper));
    expect((await world.carts.get(shopper.at)).instances.get("menu")?.codes).toHaveLength(1);
    const placed = await order(shopper);
    await start(placed);
    await pay(placed);
    expect((await world.carts.get(shopper.at)).instances.size).toBe(0);
  });
});

describe("uses", () => {
  it("are held by an order, sold when it is paid, and stay sold when it is refunded", async () => {
    const code = await promote({ maxUses: 3, maxUsesPerShopper: 2 });
    const placed = await order(await shopperWith(code));
    expect(await usesOf(code)).toEqual([2, 1, 0]);
    await start(placed);
    await pay(placed);
    expect(await usesOf(code)).toEqual([2, 0, 1]);
    await money.payments.refund({ orderId: placed.orderId, reason: "damaged", actor: root });
    expect(await usesOf(code)).toEqual([2, 0, 1]);
  });

  it("are sold at once by an order that costs nothing", async () => {
    const code = await promote({ value: "-100%", maxUses: 1, maxUsesPerShopper: 1 });
    const placed = await order(await shopperWith(code));
    expect(placed).toMatchObject({ status: "paid", totalMinor: 0 });
    expect(await usesOf(code)).toEqual([0, 0, 1]);
  });

  it("come back when the order is cancelled or its payment fails", async () => {
    const code = await promote({ maxUses: 1, maxUsesPerShopper: 1 });
    const shopper = await shopperWith(code);
    await cancel(await order(shopper));
    expect(await usesOf(code)).toEqual([1, 0, 0]);
    const failing = await order(shopper);
    await start(failing);
    await money.send(money.eventOf(failing, "payment.failed"));
    expect(await usesOf(code)).toEqual([1, 0, 0]);
    expect((await order(shopper)).totalMinor).toBe(1_800);
  });

  it("of an expired order can be taken at once, with every sweep off; late money takes them anew", async () => {
    const code = await promote({ maxUses: 1 });
    const slow = await order(await shopperWith(code));
    const next = await aShopper();
    time.advance(wholeHoldMs);
    await world.carts.enterCode(next.at, code);
    const taken = await order(next);
    await cancel(taken);
    await pay(slow);
    expect(await statusOf(slow)).toBe("paid");
    expect(await usesOf(code)).toEqual([0, 0, 1]);
  });

  it("of a code that was ended meanwhile buy nothing by late money, limited or not", async () => {
    for (const more of [{}, { maxUses: 9 }]) {
      const code = await promote(more);
      const [slow, slower] = [
        await order(await shopperWith(code)),
        await order(await shopperWith(code)),
      ];
      await cancel(slow);
      await cancel(slower);
      await pay(slow);
      expect(await statusOf(slow)).toBe("paid");
      await world.promotions.put(code, { ...discount, ...more, endsAtMs: time.clock() }, root);
      await pay(slower);
      expect(["refund_due", "refunded"]).toContain(await statusOf(slower));
    }
  });

  it("that are gone when the money comes late send it back, as sold-out goods do", async () => {
    const code = await promote({ maxUses: 1 });
    const slow = await order(await shopperWith(code));
    const next = await aShopper();
    time.advance(wholeHoldMs);
    await world.carts.enterCode(next.at, code);
    await order(next);
    await pay(slow);
    expect(["refund_due", "refunded"]).toContain(await statusOf(slow));
    expect(await usesOf(code)).toEqual([0, 1, 0]);
  });

  it("may be lowered below what was used: nobody gets one until so many came back", async () => {
    const code = await promote({ maxUses: 3 });
    const orders = [await order(await shopperWith(code)), await order(await shopperWith(code))];
    const waiting = await shopperWith(code);
    await world.promotions.put(code, { ...discount, maxUses: 1 }, root);
    expect(await usesOf(code)).toEqual([-1, 2, 0]);
    expect((await refusal(order(waiting)))[1]).toBe("used_up");
    await cancel(orders[0]!);
    expect((await refusal(order(waiting)))[1]).toBe("used_up");
    await cancel(orders[1]!);
    expect((await order(waiting)).totalMinor).toBe(1_800);
  });

  it("of a shopper follow a limit that was raised", async () => {
    const code = await promote({ maxUsesPerShopper: 1 });
    const shopper = await shopperWith(code);
    const placed = await order(shopper);
    await start(placed);
    await pay(placed);
    await world.promotions.put(code, { ...discount, maxUsesPerShopper: 2 }, root);
    const itemId = (await giveItem(world, { itemId: unique("item") })).itemId;
    await world.carts.addLine(shopper.at, { itemId, quantity: 1 });
    await world.carts.enterCode(shopper.at, code);
    expect((await order(shopper)).totalMinor).toBe(900);
  });

  it("are no items: no list of them and no check of stock knows uses", async () => {
    const code = await promote({ maxUses: 1 });
    await order(await shopperWith(code));
    const { rows } = await listStocks(world.database, { limit: 100 }, world.database.getMany);
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.filter(({ itemId }) => isUsesId(itemId))).toEqual([]);
  });
});

describe("an automatic promotion", () => {
  it("applies to carts and inline orders, at no request and one write more, and is checked", async () => {
    const shopper = await aShopper();
    const itemId = (await giveItem(world, { itemId: unique("item") })).itemId;
    const items = [{ itemId, quantity: 1 }];
    const source = { kind: "items", items } as const;
    const inline = { userId: "x", actor: { id: "x" }, source, paymentMethod: "sandbox" } as const;
    await world.orders.place(inline);
    const alone = transactions.at(-1)!;
    const vat = await promote({ name: "VAT", type: "tax", value: "+19%", automatic: true });
    const { result, meter } = await metered(() => order(shopper));
    expect(result).toMatchObject({
      totalMinor: 2_380,
      adjustments: [{ name: "VAT", automatic: true, amountMinor: 380, shares: [380] }],
    });
    expect(meter.requests).toBe(2);
    const withIt = await metered(() => world.orders.place(inline));
    expect(withIt.result.order.totalMinor).toBe(1_190);
    expect(withIt.meter.requests).toBe(2);
    expect(transactions.at(-1)).toBe(alone + 1);
    await world.promotions.delete(vat, root);
    expect((await world.orders.place(inline)).order.totalMinor).toBe(1_000);
  });

  it("is for its time, its kind of items and its minimum", async () => {
    const codes = [
      await promote({ automatic: true, target: "item", kind: "Retail", value: "-100", order: 1 }),
      await promote({ automatic: true, target: "item", kind: "Ticket", value: "-500", order: 2 }),
      await promote({ automatic: true, value: "-50%", endsAtMs: time.clock() }),
      await promote({ automatic: true, value: "+700", minSubtotalMinor: 2_001 }),
    ];
    expect((await order(await aShopper())).totalMinor).toBe(1_800);
    for (const code of codes) await world.promotions.delete(code, root);
  });

  it("is one of at most 20 that are active @long", async () => {
    const far = { automatic: true, startsAtMs: time.clock() + 1e10 };
    const codes: string[] = [];
    for (let index = 0; index < 20; index += 1) codes.push(await promote(far));
    expect(await errorOf(promote(far))).toMatchObject({
      code: "LIMIT_EXCEEDED",
      fields: { limit: { name: "maxAutomaticPromotions", value: 20 } },
    });
    await world.promotions.put(codes[0]!, { ...discount, ...far, active: false }, root);
    codes.push(await promote(far));
    for (const code of codes) await world.promotions.delete(code, root);
  });
});

describe("codes in carts", () => {
  it("go with a clear, stay with a replacement, and those of both carts go along with a merge", async () => {
    const [one, other] = [await promote({ combinable: true }), await promote({ combinable: true })];
    const shopper = await shopperWith(one);
    await world.carts.putItems(shopper.at, (await world.carts.getItems(shopper.at)).items);
    const codesOf = async (sessionId = "s") =>
      (await world.carts.get({ ...shopper.at, sessionId })).instances
        .get("menu")
        ?.codes?.map(({ code }) => code);
    expect(await codesOf()).toEqual([one]);
    const phone = { ...shopper.at, sessionId: "phone" };
    await world.carts.enterCode(phone, other);
    const lonely = await promote();
    const desk = { ...shopper.at, sessionId: "desk" };
    await world.carts.enterCode(desk, lonely);
    const { userId, actor } = shopper.at;
    const merge = (fromSessionId: string) =>
      world.carts.merge({ userId, sessionId: "s", fromSessionId, strategy: "sum", actor });
    await merge("phone");
    await merge("desk");
    expect(await codesOf()).toEqual([one, other].toSorted());
    await world.carts.clear(shopper.at);
    expect(await codesOf()).toBeUndefined();
  });

  it("are three at the most", async () => {
    const codes = [];
    for (let index = 0; index < 4; index += 1) codes.push(await promote({ combinable: true }));
    const shopper = await shopperWith(...codes.slice(0, 3));
    expect(await errorOf(world.carts.enterCode(shopper.at, codes[3]!))).toMatchObject({
      code: "TOO_LARGE",
      fields: { limit: 3 },
    });
  });

  it("cost two requests to enter, one or two more where uses are limited, and one to take back", async () => {
    const shopper = await aShopper();
    const enter = (code: string, who = shopper) =>
      metered(() => world.carts.enterCode(who.at, code)).then(({ meter }) => meter.requests);
    const code = await promote();
    expect(await enter(code)).toBe(2);
    const back = await metered(() => world.carts.removeCode(shopper.at, code));
    expect(back.meter.requests).toBe(1);
    expect(await enter(await promote({ maxUses: 1 }), await aShopper())).toBe(3);
    const own = await promote({ maxUsesPerShopper: 1 });
    expect(await enter(own)).toBe(4);
    expect(await enter(own)).toBe(3);
  });
});
