/** The reconciler: what a provider has and we do not know is settled, and what differs for good is told. */
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { changeNote } from "../../../shared/base/actor.ts";
import { changeOrderWrite } from "../../../shared/payments/payment-store.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";
import type { ProviderAction } from "../../../local/providers/stand-in.ts";
import { ProviderFailed, type WebhookDelivery } from "../../../shared/providers/provider.ts";
import { createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { realNames, startedOrder } from "../../support/providers/started-order.ts";
import { errorOf } from "../../support/world.ts";

const root = { id: "root" };
const since = { sinceMs: 0 };

let bench: Bench | undefined;
beforeEach(async () => {
  await bench?.stop();
  bench = await startBench();
});
afterAll(() => bench?.stop());

describe.each(realNames)("%s", (name) => {
  it("had money for a cancelled order: it is settled once, and an alarm rings", async () => {
    const { cancel, happen, read, shop } = await startedOrder(bench!, name);
    await cancel();
    await happen("captured");
    const found = await shop.reconciling.reconcile(since, root);
    expect(found).toMatchObject({ checked: 1, settled: 1, differences: [] });
    expect(await read()).toMatchObject({ status: "paid" });
    expect(shop.alarms).toEqual(["UntoldCapture"]);
    const again = await shop.reconciling.reconcile(since, root);
    expect(again).toMatchObject({ checked: 1, settled: 0, differences: [] });
    expect(again).not.toHaveProperty("cursor");
  });

  it("captured another amount than is on record: that is told", async () => {
    const { tell, read, shop, world } = await startedOrder(bench!, name);
    await tell("captured");
    const order = await read();
    const capturedMinor = order.totalMinor + 100;
    const payment = { ...order.payment, capturedMinor };
    const note = changeNote("payment.noted", root, world.clock());
    await world.database.apply(changeOrderWrite(order, { ...order, payment } as never, note));
    const { orderId, totalMinor: amountMinor } = order;
    expect((await shop.reconciling.reconcile(since, root)).differences).toEqual([
      expect.objectContaining({ kind: "amount_differs", provider: name, orderId }),
    ]);
    expect((await shop.reconciling.reconcile(since, root)).differences).toEqual([
      expect.objectContaining({ amountMinor, recordedMinor: capturedMinor, orderStatus: "paid" }),
    ]);
    expect(shop.alarms).toEqual(["ReconcilerDifferences", "ReconcilerDifferences"]);
  });

  it("has a sale that the ledger lacks: told once the stream has had its time", async () => {
    const { tell, shop, passTime } = await startedOrder(bench!, name);
    await tell("captured");
    expect(await shop.reconciling.reconcile(since, root)).toMatchObject({ differences: [] });
    passTime(900_000);
    expect((await shop.reconciling.reconcile(since, root)).differences).toEqual([
      expect.objectContaining({ kind: "sale_missing" }),
    ]);
  });

  it("cannot be asked: it is named, and the others are walked", async () => {
    const { shop } = await startedOrder(bench!, name);
    bench![name].faultFor = () => "error";
    const { unreachable, cursor } = await shop.reconciling.reconcile(since, root);
    expect(unreachable.map(({ provider }) => provider)).toEqual([name]);
    expect(cursor).toBeUndefined();
  });
});

describe.each(["stripe", "razorpay", "mercadopago"] as const)(
  "%s, whose webhooks are all lost,",
  (name) => {
    /** A paid order, and a desk at its provider at which nobody tells the shop of anything. */
    async function paidOrder() {
      await bench!.stop();
      let passedMs = 0;
      bench = await startBench({ now: () => 1_800_000_000_000 + passedMs });
      const started = await startedOrder(bench, name);
      const standIn = bench[name];
      const pass = (durationMs: number) => {
        passedMs += durationMs;
        started.passTime(durationMs);
      };
      const deliveries: WebhookDelivery[] = [];
      standIn.onEvent = (delivery) => deliveries.push(delivery);
      standIn.act(standIn.list()[0]!.id, "pay");
      for (const delivery of deliveries) await started.shop.payments.receive(name, delivery);
      standIn.onEvent = () => {};
      const act = (action: ProviderAction, amount?: number) => {
        standIn.act(standIn.list()[0]!.id, action, amount);
        pass(3_600_000);
      };
      /** There is no stream here that would write the ledger: that sales are missing there is no news. */
      const reconcile = async () => {
        const { differences, ...found } = await started.shop.reconciling.reconcile({}, root);
        return { ...found, differences: differences.filter(({ kind }) => kind !== "sale_missing") };
      };
      return { ...started, act, pass, reconcile };
    }

    const part = name === "mercadopago" ? 2 : 200;

    it("gave a part back: it counts, once", async () => {
      const { act, read, reconcile } = await paidOrder();
      act("refund", part);
      expect(await reconcile()).toMatchObject({ settled: 1, differences: [] });
      expect(await read()).toMatchObject({ status: "paid", payment: { refundableMinor: 500 } });
      expect(await reconcile()).toMatchObject({ settled: 0, differences: [] });
    });

    it("gave a part back of a payment that is long ago: it counts all the same", async () => {
      const { act, pass, read, reconcile } = await paidOrder();
      pass(30 * 86_400_000);
      act("refund", part);
      expect(await reconcile()).toMatchObject({ settled: 1, differences: [] });
      expect(await read()).toMatchObject({ payment: { refundableMinor: 500 } });
    });

    it("gave all back: the order ends refunded, and its goods are for sale again", async () => {
      const { act, read, reconcile, stock, sweep } = await paidOrder();
      act("refund");
      expect(await reconcile()).toMatchObject({ settled: 1, differences: [] });
      await sweep();
      expect(await read()).toMatchObject({ status: "refunded" });
      expect(await stock()).toMatchObject({ sold: 0, available: 1 });
      expect(await reconcile()).toMatchObject({ settled: 0, differences: [] });
    });

    it("is disputed, and the dispute ends: both are on the order, and somebody is woken once", async () => {
      const { act, read, reconcile, shop, pass } = await paidOrder();
      act("dispute");
      expect(await reconcile()).toMatchObject({ settled: 1, differences: [] });
      const disputes = async () => Object.values((await read()).payment!.disputes ?? {});
      expect(await disputes()).toMatchObject([{ isOver: false }]);
      expect(shop.alarms).toContain("PaymentDisputed");
      expect(await reconcile()).toMatchObject({ settled: 0, differences: [] });
      pass(20 * 86_400_000);
      act("loseDispute");
      expect(await reconcile()).toMatchObject({ settled: 1, differences: [] });
      expect(await disputes()).toMatchObject([{ isOver: true, takenMinor: 700 }]);
      expect(await reconcile()).toMatchObject({ settled: 0, differences: [] });
      expect(shop.alarms.filter((alarm) => alarm === "PaymentDisputed")).toHaveLength(1);
    });
  },
);

it("a payment that the provider has given up, while the order is paid by it, is told", async () => {
  const { tell, read, shop } = await startedOrder(bench!, "stripe");
  await tell("captured");
  const intent = bench!.stripe.intents.get((await read()).payment!.transactionId)!;
  Object.assign(intent, { status: "canceled", amount_received: 0 });
  const { differences } = await shop.reconciling.reconcile(since, root);
  expect(differences).toEqual([expect.objectContaining({ kind: "not_captured" })]);
});

it("a payment for an order that is not here is told; one that names none is somebody else's", async () => {
  const clock = () => epochMs(1_800_000_000_000);
  const providers = bench!.providers(clock);
  const shop = createPayments(createMemoryWorld(clock), { providers });
  const money = { amountMinor: 700, currency: "EUR", expiresAtMs: clock() };
  const { transactionId } = await providers.stripe.create({ ...money, orderId: "ord_gone" });
  bench!.stripe.pay(transactionId);
  const foreign = await providers.stripe.create({ ...money, orderId: "ord_other" });
  Object.assign(bench!.stripe.intents.get(foreign.transactionId)!, { metadata: {} });
  bench!.stripe.pay(foreign.transactionId);
  expect((await shop.reconciling.reconcile(since, root)).differences).toEqual([
    expect.objectContaining({ kind: "order_missing", orderId: "ord_gone", orderStatus: null }),
  ]);
});

it("a payment for an order that is not here is told until all of it is back", async () => {
  const clock = () => epochMs(1_800_000_000_000);
  const providers = bench!.providers(clock);
  const shop = createPayments(createMemoryWorld(clock), { providers });
  const money = { amountMinor: 700, currency: "EUR", expiresAtMs: clock() };
  const { transactionId } = await providers.stripe.create({ ...money, orderId: "ord_gone" });
  const kinds = async () =>
    (await shop.reconciling.reconcile(since, root)).differences.map(({ kind }) => kind);
  expect(await kinds()).toEqual([]);
  bench!.stripe.pay(transactionId);
  expect(await kinds()).toEqual(["order_missing"]);
  // Whose refunds cannot be listed is told, and the walk goes on.
  const { listRefunds } = providers.stripe;
  providers.stripe.listRefunds = async () => {
    throw new ProviderFailed("stripe", "http_400", false);
  };
  expect(await kinds()).toEqual(["order_missing"]);
  providers.stripe.listRefunds = listRefunds;
  bench!.stripe.act(transactionId, "refund", 300);
  expect(await kinds()).toEqual(["order_missing"]);
  bench!.stripe.act(transactionId, "refund");
  expect(await kinds()).toEqual([]);
});

describe("a long walk", () => {
  const clock = () => epochMs(1_800_000_000_000);

  /** A shop with so many payments of somebody else's. */
  async function crowded(count: number) {
    const providers = bench!.providers(clock);
    const shop = createPayments(createMemoryWorld(clock), { providers });
    for (let index = 0; index < count; index += 1) {
      const order = bench!.stripe.account.createIntent(
        new URLSearchParams({ amount: "700", currency: "eur", "metadata[orderId]": "ord_gone" }),
      );
      bench!.stripe.pay((order.body as { id: string }).id);
    }
    return shop;
  }

  const onePage = <T>(work: () => Promise<T>): Promise<T> =>
    runOperation({ meter: newMeter(), deadlineMs: clock() }, work);

  it("goes on by its cursor, page by page, and looks at each payment once", async () => {
    const { reconciling } = await crowded(250);
    let [checked, walks] = [0, 0];
    let cursor: string | undefined;
    do {
      const found = await onePage(() => reconciling.reconcile({ ...since, cursor }, root));
      checked += found.checked;
      cursor = found.cursor;
      walks += 1;
    } while (cursor !== undefined);
    // Three pages of Stripe's payments, one of its refunds and of its disputes, and of the others' lists, which are empty.
    expect({ checked, walks }).toEqual({ checked: 250, walks: 11 });
  });

  it("of the schedule goes on where the run before it ended, and begins anew behind the end", async () => {
    const now = () => clock() - 3_600_000;
    await bench!.stop();
    bench = await startBench({ now });
    const { reconciling } = await crowded(150);
    const counts = [];
    for (let run = 0; run < 12; run += 1) {
      const { checked, cursor } = await onePage(() => reconciling.reconcileOn(root));
      counts.push([checked, cursor !== undefined]);
    }
    expect(counts).toEqual([
      [100, true],
      [50, true],
      ...Array.from({ length: 7 }, () => [0, true]),
      [0, false],
      [100, true],
      [50, true],
    ]);
  });

  it("of the schedule begins anew where its mark names a provider that is gone", async () => {
    const world = createMemoryWorld(clock);
    const providers = bench!.providers(clock);
    const runWith = (those: object) =>
      onePage(() => createPayments(world, { providers: those }).reconciling.reconcileOn(root));
    const first = await runWith(providers);
    expect(first.cursor).toBeDefined();
    const { stripe } = providers;
    expect(await runWith({ stripe })).toMatchObject({ checked: 0, differences: [] });
    expect((await runWith({ stripe })).cursor).toBeUndefined();
  });

  it("refuses a cursor that is none of its own", async () => {
    const { reconciling } = await crowded(0);
    const wrong = Buffer.from('{"provider":"nobody","sinceMs":1,"untilMs":2}').toString(
      "base64url",
    );
    for (const cursor of ["x", wrong]) {
      const error = await errorOf(reconciling.reconcile({ cursor }, root));
      expect(error).toMatchObject({ code: "INVALID_REQUEST" });
    }
  });
});
