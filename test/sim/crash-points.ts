/**
 * Stops every route and job at each of its requests in turn, before and after it, lets the client repeat
 * itself and the world go on, and checks that nothing was lost and nothing doubled.
 */
import { clearingConfirmation } from "../../shared/admin/clearing.ts";
import { selectInstance } from "../../shared/carts/model/cart.ts";
import type { Order } from "../../shared/orders/order.ts";
import { listRefunds } from "../../shared/payments/refunds/refund.ts";
import { LayoutUnknown } from "../../shared/table/layout.ts";
import { LockBooks } from "./invariants/lock-books.ts";
import { besideLater, type LaterPlan } from "./releases/later-rows.ts";
import { InvariantBroken, type World } from "./scheduler/world.ts";
import { type RunResult, simulate, type Workload } from "./simulate.ts";
import { simulatedTables } from "./tables.ts";
import { Shop } from "./workloads/shop.ts";
import { defaultSettings, type System } from "./workloads/system.ts";
import { assertGone, eraseOnce, leaveName } from "./workloads/people.ts";
import { Told } from "./workloads/webhooks.ts";

/** A route or job: what has to be there, and the request that is stopped. */
export interface Scene {
  readonly name: string;
  readonly prepare?: (stage: Stage) => Promise<void>;
  readonly subject: (stage: Stage, system: System) => Promise<unknown>;
  /** What has come of it, where nobody else was there. */
  readonly check?: (stage: Stage, system: System) => Promise<void>;
}

const root = { id: "root" };
const alice = { userId: "alice", sessionId: "desk" };
const caller = { userId: "alice", isAdmin: false };
const actor = { id: "alice" };
const inCart = { ...alice, instance: "ticket", actor };
const { holdMs } = defaultSettings;
const owner = { userId: "alice" };

/** What the scenes play on. */
export class Stage {
  readonly shop: Shop;
  readonly world: World;
  readonly told: Told;
  order: Order | undefined;
  /** What must be nowhere in the end. */
  readonly erased: string[] = [];
  fence = 0;
  /** In line for what is edited, or for an item; and what lets somebody else have a cart or an order. */
  ticket = "";
  itemTicket = "";
  claim = "";
  readonly #isThere = new Set<string>();

  constructor(world: World) {
    this.world = world;
    this.told = new Told(world);
    new LockBooks(world);
    const settings = defaultSettings;
    const crew = { shoppers: 0, stepsEach: 0, withKeepers: false };
    this.shop = new Shop(world, { ...crew, items: 2, sweep: "off", settings, withAudit: true });
  }

  /** Something that goes well. */
  async do(work: (system: System) => Promise<unknown>): Promise<void> {
    const answer = await this.shop.processes.request("prepare", work);
    if (answer.kind !== "done") throw new Error(`Not prepared: ${JSON.stringify(answer)}`);
  }

  /** What two scenes want to be there is there once. */
  async #once(name: string, work: () => Promise<void>): Promise<void> {
    if (this.#isThere.has(name)) return;
    this.#isThere.add(name);
    await work();
  }

  fillCart(): Promise<void> {
    return this.#once("fillCart", () =>
      this.do(async ({ carts }) => {
        await carts.addLine(inCart, { itemId: "item-1", quantity: 1 });
        await carts.addLine({ ...inCart, instance: "menu" }, { itemId: "item-2", quantity: 1 });
      }),
    );
  }

  withCode(): Promise<void> {
    return this.#once("withCode", async () => {
      await this.do(({ promotions }) => promotions.put("sale", limited, root));
      await this.fillCart();
      await this.do(({ carts }) => carts.enterCode(inCart, "sale"));
    });
  }

  place(system: System) {
    return system.orders.place({
      userId: "alice",
      actor,
      source: { kind: "cart", sessionId: "desk" },
      paymentMethod: "sandbox",
      idempotencyKey: "once",
      ...(this.erased.length > 0 && { customer: { name: this.erased[0] } }),
    });
  }

  ordered(): Promise<void> {
    return this.#once("ordered", async () => {
      await this.fillCart();
      await this.do(async (system) => {
        this.order = (await this.place(system)).order;
      });
    });
  }

  started(): Promise<void> {
    return this.#once("started", async () => {
      await this.ordered();
      await this.do(({ payments }) => payments.initiate({ orderId: this.orderId, caller, actor }));
    });
  }

  get orderId(): string {
    return this.order!.orderId;
  }

  receive({ payments }: System, isSuccess: boolean): Promise<unknown> {
    const { orderId, totalMinor: amountMinor, currency } = this.order!;
    const known = this.shop.bank.events.find((event) => event.data.orderId === orderId);
    const wish = { orderId, transactionId: `sbx_${orderId}`, amountMinor, currency };
    const event = known ?? this.shop.bank.pay(wish, isSuccess);
    const { body, headers } = this.shop.bank.signed(event);
    return payments.receive("sandbox", { body: Buffer.from(body), headers });
  }

  /** A cardholder wants a part of the money back, and the bank has decided: told again with every call. */
  dispute({ payments }: System): Promise<unknown> {
    const { orderId } = this.order!;
    const { bank } = this.shop;
    const { paymentId } = bank.captures.find((each) => each.orderId === orderId)!;
    if (bank.disputes.length === 0) {
      bank.raiseDispute(paymentId, 1);
      bank.calmDown();
    }
    const { body, headers } = bank.signed(bank.events.at(-1)!);
    return payments.receive("sandbox", { body: Buffer.from(body), headers });
  }

  paid(): Promise<void> {
    return this.#once("paid", async () => {
      await this.started();
      await this.do((system) => this.receive(system, true));
    });
  }

  /** Somebody else has the units when the money comes. */
  async lateAndGone(): Promise<void> {
    await this.started();
    await this.world.sleep(2 * defaultSettings.maxHoldMs);
    await this.do(({ sweep }) => sweep({ id: "system:sweep" }));
    await this.takenByBob();
  }

  /** Somebody else holds all there is. */
  takenByBob(): Promise<void> {
    return this.#once("takenByBob", () =>
      this.do(async ({ orders, inventory }) => {
        const { available } = await inventory.get("item-1");
        await orders.place({
          userId: "bob",
          actor: { id: "bob" },
          source: { kind: "items", items: [{ itemId: "item-1", quantity: available }] },
          paymentMethod: "sandbox",
          idempotencyKey: "bob",
        });
      }),
    );
  }

  /** In line for the item that Bob has all of; or one more has come. */
  async inItemLine(isFree: boolean): Promise<void> {
    await this.takenByBob();
    await this.do(async ({ itemLine }) => {
      const standing = await itemLine.join(lineOf);
      if ("place" in standing) this.itemTicket = standing.place.ticket;
    });
    if (!isFree) return;
    const more = { kind: "adjusted", quantity: 1, reference: "more", actor: root } as const;
    await this.do(({ ledger }) => ledger.move({ itemId: "item-1", ...more }));
  }

  async withTurn(): Promise<void> {
    await this.inItemLine(true);
    await this.do(({ itemLine }) => itemLine.ask({ ...lineOf, ticket: this.itemTicket }));
  }

  /** The item is sold from several rows, and has units enough: who dies costs those reserved until their bucket ends. */
  spread(): Promise<void> {
    return this.#once("spread", () =>
      this.do(async ({ inventory, ledger }) => {
        const more = { kind: "adjusted", quantity: 20, reference: "more", actor: root } as const;
        await ledger.move({ itemId: "item-1", ...more });
        await inventory.change("item-1", { shards: 2 }, root);
      }),
    );
  }

  edit(): Promise<void> {
    return this.#once("edit", () =>
      this.do(async ({ documents }) => {
        this.fence = (await documents.edit("report", { owner })).lock.fence;
      }),
    );
  }

  /** Bob waits for what Alice edits. */
  async bobWaits(): Promise<void> {
    await this.edit();
    await this.do(({ locks }) => locks.acquireOrQueue({ resource: "document/report", owner: bob }));
  }

  bobEdits(): Promise<void> {
    return this.#once("bobEdits", () =>
      this.do(async ({ documents }) => void (await documents.edit("report", { owner: bob }))),
    );
  }

  takeNames(wanted: readonly string[]): Promise<void> {
    return this.do(async ({ locks }) => void (await locks.named.acquire({ names: wanted, owner })));
  }

  /** Behind Bob, who edits. */
  queued(): Promise<void> {
    return this.#once("queued", async () => {
      await this.bobEdits();
      await this.do(async ({ documents }) => {
        const begun = await documents.editOrQueue("report", { owner });
        if ("place" in begun) this.ticket = begun.place.ticket;
      });
    });
  }
}

function move(kind: "adjusted" | "sold" | "returned"): Scene["subject"] {
  return (_stage, { ledger }) =>
    ledger.move({
      itemId: "item-1",
      kind,
      quantity: 1,
      reference: "once",
      actor: { id: "keeper" },
    });
}

const bob = { userId: "bob" };
const bobsCart = { userId: "bob", sessionId: "desk" };
const bobsActor = { id: "bob" };
const lineOf = { itemId: "item-1", userId: "alice", actor };
const place = { resource: "document/report", userId: owner.userId, actor };
const names = ["till/1", "till/2"];
const tree = { resource: "shelf/1/a", owner, scope: "tree" as const };
const rebate = {
  name: "rebate",
  type: "discount",
  target: "total",
  value: "-10%",
  order: 1,
} as const;
const sale = {
  name: "Sale",
  type: "discount",
  target: "total",
  value: "-10%",
  order: 0,
  automatic: false,
  combinable: false,
  active: true,
} as const;
const limited = { ...sale, maxUses: 3, maxUsesPerShopper: 1 };
const told = { url: "https://example.com/hooks", types: ["order.placed", "order.paid"] } as const;
const endpoint = { ...told, active: true };

/** What is told to others: their endpoints, and what follows the events. */
const webhookScenes: readonly Scene[] = [
  {
    name: "PUT /admin/webhooks/{endpointId}",
    subject: (_stage, { webhooks }) => webhooks.endpoints.put("crm", endpoint),
  },
  {
    name: "DELETE /admin/webhooks/{endpointId}",
    prepare: (stage) => stage.do(({ webhooks }) => webhooks.endpoints.put("crm", endpoint)),
    subject: (_stage, { webhooks }) => webhooks.endpoints.remove("crm"),
  },
  {
    name: "POST /admin/webhooks/{endpointId}/secret",
    prepare: (stage) => stage.do(({ webhooks }) => webhooks.endpoints.put("crm", endpoint)),
    subject: (_stage, { webhooks }) => webhooks.endpoints.rotate("crm"),
  },
  {
    name: "POST /admin/webhooks/{endpointId}/deliveries/{deliveryId}/retry",
    prepare: (stage) => stage.do((system) => stage.told.prepare(system, { isTaken: false })),
    subject: (stage, system) => stage.told.retry(system),
  },
  {
    name: "POST /admin/webhooks/{endpointId}/replay",
    prepare: (stage) => stage.do((system) => stage.told.prepare(system, { isTaken: true })),
    subject: (stage, system) => stage.told.replay(system),
  },
  {
    name: "the stream of events, telling an endpoint",
    prepare: (stage) => stage.do((system) => stage.told.prepare(system, { isTaken: true })),
    subject: (stage, system) => stage.told.tellAll(system),
  },
];
const personScene: Scene = {
  name: "DELETE /admin/people/{userId}",
  prepare: async (stage) => {
    stage.erased.push("Lovelace");
    await stage.paid();
    await stage.do((system) => leaveName(system, "Lovelace", stage.order!));
    // An index is behind its table for a while.
    await stage.world.sleep(5_000);
  },
  subject: (_stage, system) => eraseOnce("alice", system),
};
const fills = (stage: Stage): Promise<void> => stage.fillCart();

/** Every route and job that writes. */
export const scenes: readonly Scene[] = [
  ...webhookScenes,
  personScene,
  {
    name: "POST /order/{userId}, from a cart",
    prepare: fills,
    subject: (stage, it) => stage.place(it),
  },
  {
    name: "POST /order/{userId}, inline items",
    subject: (_stage, { orders }) =>
      orders.place({
        userId: "alice",
        actor,
        source: {
          kind: "items",
          items: ["item-1", "item-2"].map((itemId) => ({ itemId, quantity: 1 })),
        },
        paymentMethod: "sandbox",
        idempotencyKey: "once",
      }),
  },
  {
    name: "POST /order/{userId}, a total of 0",
    prepare: async (stage) => {
      const price = { amountMinor: 0, currency: "EUR" };
      for (const itemId of ["item-1", "item-2"]) {
        await stage.do(({ inventory }) => inventory.change(itemId, { price }, root));
      }
      await stage.fillCart();
    },
    subject: (stage, it) => stage.place(it),
  },
  {
    name: "POST /order/{userId}, of an item with limits that the cart has not seen",
    prepare: async (stage) => {
      await stage.fillCart();
      const limits = { perOrder: 2, perShopper: 2 };
      await stage.do(({ inventory }) => inventory.change("item-1", { limits }, root));
    },
    subject: (stage, it) => stage.place(it),
  },
  {
    name: "POST /order/{userId}, taking over expired holds",
    prepare: async (stage) => {
      await stage.takenByBob();
      await stage.world.sleep(holdMs + 1);
      await stage.fillCart();
    },
    subject: (stage, system) => stage.place(system),
  },
  {
    name: "POST /order/{userId}, of an item with several rows",
    prepare: async (stage) => {
      await stage.spread();
      await stage.fillCart();
    },
    subject: (stage, system) => stage.place(system),
  },
  {
    name: "POST /order/{userId}, taking over expired holds of an item with several rows",
    prepare: async (stage) => {
      await stage.spread();
      await stage.takenByBob();
      // Over by every clock there is.
      await stage.world.sleep(2 * holdMs);
      await stage.fillCart();
    },
    subject: (stage, system) => stage.place(system),
  },
  {
    name: "POST /orders/{orderId}/cancel, of an item with several rows",
    prepare: async (stage) => {
      await stage.spread();
      await stage.started();
    },
    subject: ({ orderId }, { cancelling }) => cancelling.cancel({ orderId, caller, actor }),
  },
  {
    name: "POST /webhooks/{provider}, captured, of an item with several rows",
    prepare: async (stage) => {
      await stage.spread();
      await stage.started();
    },
    subject: (stage, system) => stage.receive(system, true),
  },
  {
    name: "POST /orders/{orderId}/cancel",
    prepare: (stage) => stage.started(),
    subject: ({ orderId }, { cancelling }) => cancelling.cancel({ orderId, caller, actor }),
  },
  {
    name: "POST /admin/locks/release/{orderId}",
    prepare: (stage) => stage.ordered(),
    subject: ({ orderId }, { clearing }) => clearing.release(orderId, root, "by hand"),
  },
  {
    name: "POST /admin/locks/clear-all",
    prepare: async (stage) => {
      await stage.ordered();
      await stage.edit();
    },
    subject: (_stage, { clearing }) =>
      clearing.clearAll({ confirm: clearingConfirmation, reason: "drill", actor: root }),
  },
  {
    name: "POST /payments/initiate",
    prepare: (stage) => stage.ordered(),
    subject: ({ orderId }, { payments }) => payments.initiate({ orderId, caller, actor }),
  },
  {
    name: "POST /webhooks/{provider}, captured",
    prepare: (stage) => stage.started(),
    subject: (stage, system) => stage.receive(system, true),
  },
  {
    name: "POST /webhooks/{provider}, failed",
    prepare: (stage) => stage.started(),
    subject: (stage, system) => stage.receive(system, false),
  },
  {
    name: "POST /webhooks/{provider}, captured late",
    prepare: async (stage) => {
      await stage.started();
      await stage.world.sleep(2 * defaultSettings.maxHoldMs);
      await stage.do(({ sweep }) => sweep({ id: "system:sweep" }));
    },
    subject: (stage, system) => stage.receive(system, true),
  },
  {
    name: "POST /webhooks/{provider}, captured late and sold out",
    prepare: (stage) => stage.lateAndGone(),
    subject: (stage, system) => stage.receive(system, true),
  },
  {
    name: "POST /webhooks/{provider}, disputed",
    prepare: (stage) => stage.paid(),
    subject: (stage, system) => stage.dispute(system),
  },
  {
    name: "POST /webhooks/{provider}, disputed, of a payment that nobody has told of",
    prepare: async (stage) => {
      await stage.started();
      const { orderId, totalMinor: amountMinor, currency } = stage.order!;
      const wish = { orderId, transactionId: `sbx_${orderId}`, amountMinor, currency };
      stage.shop.bank.pay(wish, true);
    },
    subject: (stage, system) => stage.dispute(system),
  },
  {
    name: "POST /webhooks/{provider}, of nothing that moves the order",
    prepare: (stage) => stage.paid(),
    subject: (stage, { payments }) => {
      const { orderId, totalMinor: amountMinor, currency } = stage.order!;
      const { bank } = stage.shop;
      const known = bank.events.find(({ type }) => type === "payment.failed");
      const wish = { orderId, transactionId: `sbx_${orderId}`, amountMinor, currency };
      const { body, headers } = bank.signed(known ?? bank.pay(wish, false));
      return payments.receive("sandbox", { body: Buffer.from(body), headers });
    },
  },
  {
    name: "POST /payments/{orderId}/refund",
    prepare: (stage) => stage.paid(),
    subject: ({ orderId }, { payments }) =>
      payments.refund({ orderId, reason: "damaged", actor: root }),
  },
  {
    name: "POST /admin/payments/reconcile and the schedule, finding money for a cancelled order",
    prepare: async (stage) => {
      await stage.started();
      const { orderId } = stage;
      await stage.do(({ cancelling }) => cancelling.cancel({ orderId, caller, actor }));
      const { totalMinor: amountMinor, currency } = stage.order!;
      const wish = { orderId, transactionId: `sbx_${orderId}`, amountMinor, currency };
      stage.shop.bank.pay(wish, true);
    },
    subject: (_stage, { reconciling }) => reconciling.reconcileOn(root),
  },
  {
    name: "POST /admin/payments/reconcile and the schedule, finding a part that went back and a dispute",
    prepare: async (stage) => {
      await stage.paid();
      const { bank } = stage.shop;
      const { paymentId } = bank.captures.find((each) => each.orderId === stage.orderId)!;
      bank.giveBack(paymentId, 1);
      bank.raiseDispute(paymentId, 1);
      bank.calmDown();
    },
    subject: (_stage, { reconciling }) => reconciling.reconcileOn(root),
  },
  {
    name: "POST /payments/{orderId}/refund, of money that went back outside",
    prepare: (stage) => stage.paid(),
    subject: ({ orderId }, { payments }) =>
      payments.refund({ orderId, reason: "in cash", outside: true, actor: root }),
    check: async ({ orderId }, { orders }) => {
      const order = await orders.get(orderId, { ...caller, isAdmin: true });
      const [{ status, amountMinor } = {}] = listRefunds(order);
      if (order.status !== "refunded" || status !== "done" || amountMinor !== order.totalMinor) {
        throw new InvariantBroken("P3", `paid back in cash, the order is ${order.status}`);
      }
    },
  },
  {
    name: "POST /payments/{orderId}/refund, a part of the money",
    prepare: (stage) => stage.paid(),
    subject: ({ orderId, order }, { payments }) =>
      payments.refund({
        orderId,
        reason: "late",
        reference: "part",
        amountMinor: Math.floor(order!.totalMinor / 2),
        actor: root,
      }),
  },
  {
    name: "POST /payments/{orderId}/refund, lines that come back",
    prepare: (stage) => stage.paid(),
    subject: ({ orderId }, { payments }) =>
      payments.refund({
        orderId,
        reason: "damaged",
        reference: "return",
        lines: [
          { lineId: "item-1", quantity: 1, restock: true },
          { lineId: "item-2", quantity: 1, restock: false },
        ],
        actor: root,
      }),
  },
  {
    name: "POST /orders/{orderId}/fulfilments",
    prepare: (stage) => stage.paid(),
    subject: ({ orderId }, { fulfilments }) => {
      const lines = [{ lineId: "item-1", quantity: 1 }];
      return fulfilments.add({ orderId, reference: "parcel", lines, actor: root });
    },
    check: async ({ orderId }, { orders }) => {
      const { fulfilments = [] } = await orders.get(orderId, { ...caller, isAdmin: true });
      if (fulfilments.length !== 1) throw new InvariantBroken("I1", "sent twice, or never");
    },
  },
  {
    name: "POST /orders/{orderId}/claims",
    prepare: (stage) => stage.ordered(),
    subject: ({ orderId }, { orders }) => orders.offerClaim(orderId, caller, actor),
  },
  {
    name: "POST /orders/{orderId}/claim",
    prepare: async (stage) => {
      await stage.ordered();
      await stage.do(async ({ orders }) => {
        stage.claim = (await orders.offerClaim(stage.orderId, caller, actor)).claim;
      });
    },
    subject: ({ orderId, claim }, { orders }) =>
      orders.claim({ orderId, claim, userId: "bob", actor: { id: "bob" } }),
    check: async ({ orderId }, { orders }) => {
      const order = await orders.get(orderId, { ...caller, isAdmin: true });
      if (order.userId !== "bob" || order.placedBy !== "alice") {
        throw new InvariantBroken("I1", `claimed, the order is ${order.userId}'s`);
      }
    },
  },
  {
    name: "POST /admin/locks/cleanup and the schedule, expiring an order",
    prepare: async (stage) => {
      await stage.ordered();
      await stage.world.sleep(holdMs + 1);
    },
    subject: (_stage, { sweep }) => sweep({ id: "system:sweep" }),
  },
  {
    name: "POST /admin/locks/cleanup and the schedule, paying back",
    prepare: async (stage) => {
      await stage.lateAndGone();
      await stage.do((system) => stage.receive(system, true));
      await stage.world.sleep(60_000);
    },
    subject: (_stage, { sweep }) => sweep({ id: "system:sweep" }),
  },
  {
    name: "POST /carts/{userId}/{sessionId}/{instance}/items",
    subject: (_stage, { carts }) => carts.addLine(inCart, { itemId: "item-1", quantity: 2 }),
  },
  {
    name: "PATCH /carts/{userId}/{sessionId}/{instance}/items/{lineId}",
    prepare: fills,
    subject: (_stage, { carts }) => carts.changeQuantity(inCart, "item-1", 2),
  },
  {
    name: "DELETE /carts/{userId}/{sessionId}/{instance}/items/{lineId}",
    prepare: fills,
    subject: (_stage, { carts }) => carts.removeLine(inCart, "item-1"),
  },
  {
    name: "PUT /carts/{userId}/{sessionId}/{instance}/items",
    prepare: fills,
    subject: (_stage, { carts }) => carts.putItems(inCart, [{ itemId: "item-2", quantity: 2 }]),
  },
  {
    name: "PUT /carts/{userId}/{sessionId}/{instance}/conditions/{name}",
    prepare: fills,
    subject: (_stage, { carts }) => carts.setCondition(inCart, rebate),
  },
  {
    name: "DELETE /carts/{userId}/{sessionId}/{instance}/conditions/{name}",
    prepare: (stage) => stage.do(({ carts }) => carts.setCondition(inCart, rebate)),
    subject: (_stage, { carts }) => carts.removeCondition(inCart, rebate.name),
  },
  {
    name: "PUT /carts/{userId}/{sessionId}/{instance}/metadata/{key}",
    subject: (_stage, { carts }) => carts.setMetadata(inCart, "gift", true),
  },
  {
    name: "DELETE /carts/{userId}/{sessionId}/{instance}/metadata/{key}",
    prepare: (stage) => stage.do(({ carts }) => carts.setMetadata(inCart, "gift", true)),
    subject: (_stage, { carts }) => carts.removeMetadata(inCart, "gift"),
  },
  {
    name: "DELETE /carts/{userId}/{sessionId}/{instance}",
    prepare: fills,
    subject: (_stage, { carts }) => carts.clear(inCart),
  },
  {
    name: "POST /carts/{userId}/{sessionId}/claims",
    prepare: fills,
    subject: (_stage, { carts }) => carts.offerClaim(alice, actor),
  },
  {
    name: "POST /carts/{userId}/{sessionId}/claim",
    prepare: async (stage) => {
      await stage.fillCart();
      await stage.do(async ({ carts }) => {
        stage.claim = (await carts.offerClaim(alice, actor)).claim;
      });
    },
    subject: ({ claim }, { carts }) =>
      carts.claim({ ...bobsCart, actor: bobsActor, claim, strategy: "sum" }),
    check: async (_stage, { carts }) => {
      const cart = await carts.get(bobsCart);
      const ticket = selectInstance(cart, "ticket").lines.map(({ quantity }) => quantity);
      if (String(ticket) !== "1") {
        throw new InvariantBroken("I1", `claimed, the cart has ${String(ticket)}`);
      }
    },
  },
  {
    name: "POST /carts/{userId}/{sessionId}/merge",
    prepare: async (stage) => {
      await stage.fillCart();
      await stage.do(({ carts }) =>
        carts.addLine({ ...inCart, sessionId: "guest" }, { itemId: "item-1", quantity: 3 }),
      );
    },
    subject: (_stage, { carts }) =>
      carts.merge({ ...alice, actor, fromSessionId: "guest", strategy: "sum" }),
    check: async (_stage, { carts }) => {
      const [{ lines }, guest] = await Promise.all([
        carts.get(alice).then((cart) => selectInstance(cart, "ticket")),
        carts.get({ userId: "alice", sessionId: "guest" }),
      ]);
      const units = [lines, selectInstance(guest, "ticket").lines].map((each) =>
        each.map(({ quantity }) => quantity),
      );
      if (JSON.stringify(units) !== "[[4],[]]")
        throw new InvariantBroken("C1", JSON.stringify(units));
    },
  },
  {
    name: "POST /api/lock/acquire",
    subject: (_stage, { locks }) => locks.acquire({ resource: "document/report", owner }),
  },
  {
    name: "POST /api/lock/extend",
    prepare: (stage) => stage.edit(),
    subject: (_stage, { locks }) => locks.renew({ resource: "document/report", owner }),
  },
  {
    name: "POST /api/lock/release",
    prepare: (stage) => stage.edit(),
    subject: (_stage, { locks }) => locks.release({ resource: "document/report", owner }),
  },
  {
    name: "POST /api/lock/force-release",
    prepare: (stage) => stage.edit(),
    subject: (_stage, { locks }) =>
      locks.forceRelease({ resource: "document/report", actor: root, reason: "away" }),
  },
  {
    name: "POST /api/lock/acquire, in line",
    prepare: (stage) => stage.bobEdits(),
    subject: (_stage, { locks }) => locks.acquireOrQueue({ resource: "document/report", owner }),
  },
  {
    name: "DELETE /api/lock/queue",
    prepare: (stage) => stage.queued(),
    subject: ({ ticket }, { locks }) => locks.line.leave({ ...place, ticket }),
  },
  {
    name: "POST /api/lock/hand-over",
    prepare: (stage) => stage.bobWaits(),
    subject: ({ fence }, { locks }) => locks.line.passOnTo({ ...place, owner, fence }),
  },
  {
    name: "POST /locks/hand-over",
    prepare: (stage) => stage.bobWaits(),
    subject: ({ fence }, { locks }) => locks.line.passOnTo({ ...place, owner, fence, to: bob }),
  },
  {
    name: "POST /api/lock/ask",
    prepare: (stage) => stage.queued(),
    subject: ({ ticket }, { locks }) => locks.line.askOwner({ ...place, ticket }),
  },
  {
    name: "POST /locks/ask",
    prepare: (stage) => stage.queued(),
    subject: ({ ticket }, { locks }) => locks.line.askOwner({ ...place, ticket }),
  },
  {
    name: "POST /items/{itemId}/line",
    prepare: (stage) => stage.takenByBob(),
    subject: (_stage, { itemLine }) => itemLine.join(lineOf),
  },
  {
    name: "DELETE /items/{itemId}/line",
    prepare: (stage) => stage.inItemLine(false),
    subject: ({ itemTicket: ticket }, { itemLine }) => itemLine.leave({ ...lineOf, ticket }),
  },
  {
    name: "DELETE /items/{itemId}/line, with a turn",
    prepare: (stage) => stage.withTurn(),
    subject: ({ itemTicket: ticket }, { itemLine }) => itemLine.leave({ ...lineOf, ticket }),
  },
  {
    name: "POST /order/{userId}, with a turn in line",
    prepare: (stage) => stage.withTurn(),
    subject: ({ itemTicket: ticket }, { orders }) =>
      orders.place({
        userId: "alice",
        actor,
        source: { kind: "items", items: [{ itemId: "item-1", quantity: 1 }] },
        paymentMethod: "sandbox",
        tickets: [{ itemId: "item-1", ticket }],
        idempotencyKey: "once",
      }),
  },
  {
    name: "POST /locks/acquire",
    subject: (_stage, { locks }) => locks.named.acquire({ names, owner }),
  },
  {
    name: "POST /locks/acquire, names of a tree",
    subject: (_stage, { locks }) =>
      locks.named.acquire({ names: ["a/1", "a/2"], owner, scope: "tree" }),
  },
  {
    name: "POST /locks/extend",
    prepare: (stage) => stage.takeNames(names),
    subject: (_stage, { locks }) => locks.named.extend({ names, owner }),
  },
  {
    name: "POST /locks/release",
    prepare: (stage) => stage.takeNames(names),
    subject: (_stage, { locks }) => locks.named.release({ names, owner }),
  },
  {
    name: "DELETE /locks/queue",
    prepare: (stage) => stage.queued(),
    subject: ({ ticket }, { locks }) => locks.line.leave({ ...place, ticket }),
  },
  {
    name: "a tree lock, taken and given back",
    subject: async (_stage, { locks }) => {
      const lock = await locks.acquire(tree);
      await locks.release({ ...tree, fence: lock.fence });
    },
  },
  {
    name: "POST /api/documents/{docId}/edit",
    subject: (_stage, { documents }) => documents.edit("report", { owner }),
  },
  {
    name: "PUT /api/documents/{docId}",
    prepare: (stage) => stage.edit(),
    subject: ({ fence }, { documents }) =>
      documents.save({ documentId: "report", content: "text", owner, fence, idempotencyKey: "k" }),
  },
  {
    name: "PUT /api/documents/{docId}/access",
    prepare: async (stage) => {
      await stage.edit();
      const save = { documentId: "report", content: "text", owner, fence: stage.fence };
      await stage.do(({ documents }) => documents.save(save));
    },
    subject: (_stage, { documents }) => {
      const editor = { userId: owner.userId, isAdmin: false, byDefault: true };
      const lists = { readers: ["bob"], editors: [] };
      return documents.setAccess({ documentId: "report", ...lists, editor, actor });
    },
  },
  {
    name: "POST /items",
    subject: (_stage, { inventory }) =>
      inventory.create(
        {
          itemId: "item-3",
          name: "three",
          kind: "Menu",
          price: { amountMinor: 100, currency: "EUR" },
          quantity: 3,
          holdPolicy: "counted",
        },
        root,
      ),
  },
  {
    name: "PATCH /items/{itemId}",
    subject: (_stage, { inventory }) => inventory.change("item-1", { name: "new" }, root),
  },
  {
    name: "PATCH /items/{itemId}, to several rows",
    subject: (_stage, { inventory }) => inventory.change("item-1", { shards: 2 }, root),
  },
  {
    name: "PATCH /items/{itemId}, back to one row",
    prepare: (stage) => stage.spread(),
    subject: (_stage, { inventory }) => inventory.change("item-1", { shards: 1 }, root),
  },
  {
    name: "PATCH /items/{itemId}, about one that is told about and spread",
    prepare: (stage) =>
      stage.do(({ inventory }) => inventory.change("item-1", { shards: 2 }, root)),
    subject: (_stage, { inventory }) =>
      inventory.change("item-1", { description: "old", sale: { startsAtMs: 1 } }, root),
  },
  {
    name: "DELETE /items/{itemId}",
    subject: (_stage, { inventory }) => inventory.change("item-1", { archived: true }, root),
  },
  { name: "POST /inventory/{itemId}/adjust", subject: move("adjusted") },
  { name: "POST /inventory/{itemId}/decrement", subject: move("sold") },
  {
    name: "POST /inventory/{itemId}/increment",
    prepare: (stage) =>
      stage.do(({ ledger }) =>
        ledger.move({
          itemId: "item-1",
          kind: "sold",
          quantity: 1,
          reference: "before",
          actor: { id: "keeper" },
        }),
      ),
    subject: move("returned"),
  },
  {
    name: "PUT /promotions/{code}",
    subject: (_stage, { promotions }) => promotions.put("sale", limited, root),
  },
  {
    name: "POST /carts/{userId}/{sessionId}/{instance}/codes",
    prepare: async (stage) => {
      await stage.do(({ promotions }) => promotions.put("sale", limited, root));
      await stage.fillCart();
    },
    subject: (_stage, { carts }) => carts.enterCode(inCart, "sale"),
  },
  {
    name: "DELETE /carts/{userId}/{sessionId}/{instance}/codes/{code}",
    prepare: (stage) => stage.withCode(),
    subject: (_stage, { carts }) => carts.removeCode(inCart, "sale"),
  },
  {
    name: "POST /order/{userId}, with a limited code",
    prepare: (stage) => stage.withCode(),
    subject: (stage, system) => stage.place(system),
  },
  {
    name: "POST /order/{userId}, with a code that was changed",
    prepare: async (stage) => {
      await stage.withCode();
      const other = { ...limited, value: "-20%", maxUsesPerShopper: 2 };
      await stage.do(({ promotions }) => promotions.put("sale", other, root));
    },
    subject: (stage, system) => stage.place(system),
  },
  {
    name: "PUT /promotions/{code}, for every cart",
    prepare: (stage) => stage.do(({ promotions }) => promotions.put("sale", limited, root)),
    subject: (_stage, { promotions }) => promotions.put("sale", { ...sale, automatic: true }, root),
  },
  {
    name: "DELETE /promotions/{code}",
    prepare: (stage) => stage.do(({ promotions }) => promotions.put("sale", limited, root)),
    subject: (_stage, { promotions }) => promotions.delete("sale", root),
  },
  {
    name: "POST /admin/locks/cleanup and the schedule, dropping locks",
    prepare: async (stage) => {
      await stage.do(({ locks }) => locks.acquire({ resource: "job", owner, leaseMs: 1_000 }));
      await stage.world.sleep(2_000);
    },
    subject: (_stage, { locks }) => locks.sweep({ limit: 10, actor: { id: "system:sweep" } }),
  },
];

/** What the scenes are about: routes by their method and path, then the case. */
export const sceneNames: readonly string[] = scenes.map(({ name }) => name);

/** Refusals that a repetition may meet because its first try took effect, or because nobody waits for so long. */
const metItself =
  /LOCK_NOT_OWNED|CART_LINE_NOT_FOUND|ITEM_EXISTS|PROMOTION_NOT_FOUND|NOBODY_WAITS|WEBHOOK_NOT_FOUND/;

/** What happens between what a scene prepares and what it is about. */
type Interlude = (stage: Stage) => Promise<void>;

function playOf(
  { prepare, subject, check, name }: Scene,
  onRequests: (count: number) => void,
  interlude?: Interlude,
): Workload {
  return {
    name,
    run: async (world) => {
      const stage = new Stage(world);
      await stage.shop.open();
      await prepare?.(stage);
      await interlude?.(stage);
      let attempts = 0;
      const answer = await stage.shop.processes.insist("subject", async (system) => {
        attempts += 1;
        const before = world.requests;
        const result = await subject(stage, system);
        if (attempts === 1) onRequests(world.requests - before);
        return result;
      });
      const isRepeated = attempts > 1 || interlude !== undefined;
      const isAnswered =
        answer.kind === "done" ||
        (answer.kind === "refused" && isRepeated && metItself.test(answer.error.code));
      if (!isAnswered) {
        const why = answer.kind === "refused" ? answer.error.message : "never answered";
        throw new InvariantBroken("I1", `${name}, repeated, came to: ${why}`);
      }
      if (check) await stage.do((system) => check(stage, system));
      await stage.told.settle(stage.shop.processes);
      await stage.shop.settle();
      assertGone(world, stage.erased);
    },
  };
}

/** Every scene as it goes when nothing happens. */
export const listPlays = (): readonly Workload[] => scenes.map((scene) => playOf(scene, () => {}));

/** The scene, its subject asked for while a later release lays rows out anew, and once more when they are as they were. */
function playBeside(scene: Scene, plan: LaterPlan, onMet: () => void): Workload {
  return playOf(
    scene,
    () => {},
    async (stage) => {
      await besideLater(stage.world, plan, async () => {
        const answer = await stage.shop.processes.request("subject", (system) =>
          scene.subject(stage, system).catch((error: unknown) => {
            if (!(error instanceof LayoutUnknown)) throw error;
            onMet();
          }),
        );
        if (answer.kind === "done") return;
        const why = answer.kind === "refused" ? answer.error.message : "no answer";
        throw new InvariantBroken("R1", `beside a later release it came to: ${why}`);
      });
    },
  );
}

/** Everything before each request, and each table by itself before the first ones: then others were written before. */
const laterPlans = [undefined, ...simulatedTables.map(({ name }) => name)].flatMap((table) =>
  Array.from({ length: table ? 3 : 12 }, (_, index): LaterPlan => ({
    table,
    atRequest: index + 1,
  })),
);

/** A case of a later release beside this one, and what came of it. */
export interface TriedBeside {
  readonly scene: string;
  readonly plan: LaterPlan;
  /** Whether what was laid out anew was in the way. */
  readonly isMet: boolean;
  readonly result: RunResult;
}

/** Plays every scene while a later release lays rows out anew: one case in so many, each of them by default. */
export async function* tryBesideLater(every = 1): AsyncGenerator<TriedBeside> {
  let cases = 0;
  for (const plan of laterPlans) {
    for (const scene of scenes) {
      cases += 1;
      if (cases % every !== 0) continue;
      let isMet = false;
      const play = playBeside(scene, plan, () => {
        isMet = true;
      });
      const nobody = { label: "nobody", request: 1, where: "before" } as const;
      const result = await simulate(1, play, nobody);
      yield { scene: scene.name, plan, isMet, result };
    }
  }
}

/** A crash point that was tried, and what came of it. */
export interface TriedCrash {
  readonly scene: string;
  readonly request: number;
  readonly where: "before" | "after";
  readonly result: RunResult;
}

/** Tries one crash point in so many, through all scenes; each of them by default. */
export async function tryCrashPoints(every = 1): Promise<TriedCrash[]> {
  const tried: TriedCrash[] = [];
  let points = 0;
  for (const scene of scenes) {
    let requests = 0;
    const play = playOf(scene, (count) => {
      requests = count;
    });
    // Outside of every crash: how many requests there are, and that the scene itself is sound.
    const label = { label: "nobody", request: 1, where: "before" } as const;
    const plain = await simulate(1, play, label);
    tried.push({ scene: scene.name, request: 0, where: "before", result: plain });
    const count = requests;
    for (let request = 1; request <= count; request += 1) {
      for (const where of ["before", "after"] as const) {
        points += 1;
        if (points % every !== 0) continue;
        const result = await simulate(1, play, { label: "subject", request, where });
        tried.push({ scene: scene.name, request, where, result });
      }
    }
  }
  return tried;
}
