/**
 * The exact instants: what is over at its end and not a millisecond sooner. Nothing takes time here, so
 * that a request can be placed at the very instant; every other workload blurs them.
 */
import { UpdateCommand } from "@aws-sdk/lib-dynamodb";
import { changeNote } from "../../../shared/base/actor.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { ShopBooks } from "../invariants/shop-books.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { type Room, roomIn } from "../../../shared/inventory/buckets.ts";
import { deadlineAfter, deadlineWithin, gridStepMs } from "../../../shared/inventory/deadline.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Lock } from "../../../shared/locks/lock.ts";
import { closeOrderWrite } from "../../../shared/orders/order-store.ts";
import { acquireLockWrite } from "../../../shared/locks/lock-store.ts";
import { expireLockWrite } from "../../../shared/locks/lock-ending-store.ts";
import { takeTreeWrite } from "../../../shared/locks/tree-lock-store.ts";
import { saveWrite } from "../../../shared/documents/document-store.ts";
import { pickPart, settlementParts } from "../../../shared/inventory/hot/row-place.ts";
import { makeOrderId } from "../../../shared/orders/order-request.ts";
import { holdWrite, reclaimWrite } from "../../../shared/inventory/hold-store.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { Command } from "../engine/engine.ts";
import { LockBooks } from "../invariants/lock-books.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { Bank } from "./bank.ts";
import { playEndings } from "./ending-scene.ts";
import { playKeys } from "./key-scene.ts";
import { playOldRows } from "./old-rows-scene.ts";
import { playRows, playSweptRows } from "./rows-scene.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const { holdMs, maxHoldMs } = defaultSettings;
const paymentMs = defaultSettings.paymentMs("sandbox");
const leaseMs = 5_000;

export class Edges {
  readonly world: World;
  readonly #bank: Bank;
  readonly #books: ShopBooks;
  readonly #system: System;

  constructor(world: World) {
    this.world = world;
    this.#books = new ShopBooks(world);
    new LockBooks(world);
    this.#bank = new Bank(world);
    this.#system = createSystem(world, defaultSettings, (clock) => ({
      sandbox: this.#bank.provider(clock),
    }));
  }

  async run(): Promise<void> {
    const scenes = [
      () => this.#lockEnds(),
      () => this.#documentLockEnds(),
      () => this.#treeLockEnds(),
      () => this.#holdEnds("counted"),
      () => this.#holdEnds("exclusive"),
      () => this.#cartLockEnds(),
      () => this.#orderEnds(),
      () => this.#paymentIsBounded(),
      () => this.#keysBelongToUsers(),
      () => this.#signaturesCount(),
      () => this.#locksOutliveTtl(),
      () => this.#refusalsTellTheTruth(),
      () => this.#sweepSellsNothing(),
      () => this.#instancesStay(),
      () => this.#conditionsStandAlone(),
      () => this.#takeOversLookAgain(),
      () => this.#watermarkCounts(),
      () => this.#clocksFarAhead(),
      () => this.#slippedBehindABucket(),
      () => this.#settlementsEnd(),
      () => this.#pricesAreLookedAtAgain(),
      () => this.#refundToldFirst(),
      () => this.#cartsBelongToOneOrder(),
      () => this.#lostAnswers(),
      () => this.#forcedOnce(),
      () => this.#takenOnce(),
      () => this.#addedOnce(),
      () => this.#endings(),
      () => this.#oldRows(),
      () => playKeys(this.world, (...expected) => this.#expect(...expected)),
      () => playRows(this.world, (...expected) => this.#expect(...expected)),
      () => playSweptRows(this.world, (...expected) => this.#expect(...expected)),
    ];
    for (const scene of scenes) {
      await this.world.sleep(this.world.random.int(1, 1_000));
      await scene();
    }
  }

  /** What a request came to: `ok`, or the code of its refusal. */
  async #outcome(label: string, work: (system: System) => Promise<unknown>): Promise<string> {
    const ending = await this.world.invoke(label, this.#system.process, () => work(this.#system));
    if (ending.kind === "done") return "ok";
    if (ending.kind === "stopped") return "stopped";
    if (ending.error instanceof InvariantBroken) throw ending.error;
    if (ending.error instanceof HoldfastError) return ending.error.code;
    throw new InvariantBroken("X3", `${label}: ${(ending.error as Error).stack}`);
  }

  async #expect(
    invariant: string,
    expected: string,
    label: string,
    work: (system: System) => Promise<unknown>,
  ): Promise<void> {
    const outcome = await this.#outcome(label, work);
    if (outcome === expected) return;
    throw new InvariantBroken(invariant, `${label} came to ${outcome}, not ${expected}`);
  }

  async #until(atMs: number): Promise<void> {
    await this.world.sleep(atMs - this.world.nowMs);
  }

  async #item(itemId: string, quantity: number, holdPolicy: "counted" | "exclusive" = "counted") {
    const price = { amountMinor: 1_000, currency: "EUR" };
    const item = { itemId, name: itemId, kind: "Ticket", price, quantity, holdPolicy };
    await this.#expect("S1", "ok", "createItem", ({ inventory }) =>
      inventory.create(item, { id: "root" }),
    );
  }

  #place(userId: string, itemId: string, key: string, quantity = 1) {
    return (system: System) =>
      system.orders.place({
        userId,
        actor: { id: userId },
        source: { kind: "items", items: [{ itemId, quantity }] },
        paymentMethod: "sandbox",
        idempotencyKey: key,
      });
  }

  async #order(userId: string, itemId: string, key: string, quantity = 1) {
    let orderId = "";
    await this.#expect("S2", "ok", `place by ${userId}`, async (system) => {
      orderId = (await this.#place(userId, itemId, key, quantity)(system)).order.orderId;
    });
    return { orderId, caller: { userId, isAdmin: false }, actor: { id: userId } };
  }

  async #captured(order: { orderId: string; totalMinor?: number }): Promise<string> {
    const { orderId, totalMinor: amountMinor = 1_000 } = order;
    const transactionId = `sbx_${orderId}`;
    const event = this.#bank.pay({ orderId, transactionId, amountMinor, currency: "EUR" }, true);
    const { body, headers } = this.#bank.signed(event);
    return this.#outcome("webhook", ({ payments }) =>
      payments.receive("sandbox", { body: Buffer.from(body), headers }),
    );
  }

  async #lockEnds(): Promise<void> {
    const resource = "edge";
    const [alice, bob] = [{ userId: "alice" }, { userId: "bob" }];
    const endMs = Math.floor(this.world.nowMs) + leaseMs;
    const take = (owner: { userId: string }) => (system: System) =>
      system.locks.acquire({ resource, owner, leaseMs });
    await this.#expect("L1", "ok", "acquire:alice/", take(alice));
    await this.#until(endMs - 1);
    await this.#expect("L1", "LOCK_HELD", "acquire:bob/", take(bob));
    await this.#until(endMs);
    const renew = ({ locks }: System) => locks.renew({ resource, owner: alice, leaseMs });
    await this.#expect("L4", "LOCK_NOT_OWNED", "renew:alice/", renew);
    await this.#expect("L4", "LOCK_NOT_OWNED", "release:alice/", ({ locks }) =>
      locks.release({ resource, owner: alice }),
    );
    await this.#expect("L1", "ok", "acquire:bob/", take(bob));
    await this.#expect("L4", "LOCK_NOT_OWNED", "release:alice/", ({ locks }) =>
      locks.release({ resource, owner: alice }),
    );
    await this.#expect("L4", "LOCK_NOT_OWNED", "release:bob/", ({ locks }) =>
      locks.release({ resource, owner: { ...bob, sessionId: "tab" } }),
    );
    await this.#expect("L6", "ok", "acquire:bob/", take(bob));
    await this.#expect("L4", "ok", "release:bob/", ({ locks }) =>
      locks.release({ resource, owner: bob }),
    );
  }

  async #documentLockEnds(): Promise<void> {
    const documentId = "edge";
    const owner = { userId: "alice" };
    const endMs = Math.floor(this.world.nowMs) + leaseMs;
    let fence = 0;
    await this.#expect("L1", "ok", "edit:alice/", async ({ documents }) => {
      fence = (await documents.edit(documentId, { owner, leaseMs })).lock.fence;
    });
    const save = (content: string, keepLock: boolean) => (system: System) =>
      system.documents.save({ documentId, content, owner, fence, keepLock });
    await this.#until(endMs - 1);
    await this.#expect("L3", "ok", "save:alice/", save("in time", true));
    await this.#until(endMs);
    await this.#expect("L3", "LOCK_NOT_OWNED", "save:alice/", save("too late", true));
    await this.#expect("L3", "LOCK_NOT_OWNED", "save:alice/", save("too late", false));
    await this.#expect("L1", "ok", "edit:bob/", ({ documents }) =>
      documents.edit(documentId, { owner: { userId: "bob" }, leaseMs }),
    );
    await this.#expect("L3", "LOCK_NOT_OWNED", "save:alice/", save("old fence", true));
    await this.#expect("L5", "ok", "force", ({ locks }) =>
      locks.forceRelease({
        resource: `document/${documentId}`,
        actor: { id: "root" },
        reason: "away",
      }),
    );
    const bobs = { documentId, content: "after force", owner: { userId: "bob" } };
    await this.#expect("L5", "LOCK_NOT_OWNED", "save:bob/", ({ documents }) =>
      documents.save({ ...bobs, fence: fence + 1 }),
    );
  }

  async #treeLockEnds(): Promise<void> {
    const endMs = Math.floor(this.world.nowMs) + leaseMs;
    const take = (userId: string, resource: string) => (system: System) =>
      system.locks.acquire({ resource, owner: { userId }, leaseMs, scope: "tree" });
    await this.#expect("L1", "ok", "acquire:alice/", take("alice", "tree/1/a"));
    await this.#expect("L1", "LOCK_HELD", "acquire:bob/", take("bob", "tree/1"));
    await this.#expect("L1", "LOCK_HELD", "acquire:bob/", take("bob", "tree"));
    await this.#expect("L1", "ok", "acquire:carol/", take("carol", "tree/2"));
    await this.#until(endMs - 1);
    await this.#expect("L1", "LOCK_HELD", "acquire:bob/", take("bob", "tree/1"));
    await this.#until(endMs);
    await this.#expect("L1", "ok", "acquire:bob/", take("bob", "tree/1"));
    await this.#expect("L1", "LOCK_HELD", "acquire:alice/", take("alice", "tree/1/a"));
    await this.#expect("L4", "LOCK_NOT_OWNED", "renew:alice/", ({ locks }) =>
      locks.renew({ resource: "tree/1/a", owner: { userId: "alice" }, leaseMs, scope: "tree" }),
    );
    await this.#expect("L4", "ok", "release:bob/", ({ locks }) =>
      locks.release({ resource: "tree/1", owner: { userId: "bob" }, scope: "tree" }),
    );
    await this.#expect("L1", "ok", "acquire:alice/", take("alice", "tree/1/a"));
  }

  async #holdEnds(policy: "counted" | "exclusive"): Promise<void> {
    const itemId = `edge-${policy}`;
    await this.#item(itemId, policy === "counted" ? 1 : 5, policy);
    const first = await this.#order("alice", itemId, `${policy}-1`);
    const endMs = this.#endOf(first.orderId);
    await this.#expect(
      "S2",
      "ITEMS_UNAVAILABLE",
      "place",
      this.#place("bob", itemId, `${policy}-2`),
    );
    await this.#until(endMs - 1);
    await this.#expect(
      "S2",
      "ITEMS_UNAVAILABLE",
      "place",
      this.#place("bob", itemId, `${policy}-2`),
    );
    await this.#until(endMs);
    await this.#expect("P5", "ORDER_NOT_PAYABLE", "initiate", ({ payments }) =>
      payments.initiate(first),
    );
    const second = await this.#order("bob", itemId, `${policy}-2`);
    await this.#expect("S4", "ok", "cancel", ({ orders }) =>
      orders.cancel(first.orderId, first.caller, first.actor),
    );
    await this.#expect("S4", "ok", "cancel", ({ orders }) =>
      orders.cancel(second.orderId, second.caller, second.actor),
    );
    await this.#expect("S4", "ok", "cancel", ({ orders }) =>
      orders.cancel(second.orderId, second.caller, second.actor),
    );
  }

  async #cartLockEnds(): Promise<void> {
    await this.#item("edge-cart", 5);
    const at = { userId: "alice", sessionId: "edge", instance: "ticket", actor: { id: "alice" } };
    const add = (instance: string) => (system: System) =>
      system.carts.addLine({ ...at, instance }, { itemId: "edge-cart", quantity: 1 });
    await this.#expect("P1", "ok", "add", add("ticket"));
    const place = ({ orders }: System) =>
      orders.place({
        userId: "alice",
        actor: { id: "alice" },
        source: { kind: "cart", sessionId: "edge" },
        paymentMethod: "sandbox",
      });
    await this.#expect("P1", "ok", "place", place);
    const endMs = deadlineAfter(epochMs(Math.floor(this.world.nowMs)), holdMs);
    await this.#expect("I1", "ok", "place", place);
    await this.#expect("P1", "CART_LOCKED", "add", add("ticket"));
    await this.#expect("P1", "CART_LOCKED", "add", add("menu"));
    await this.#until(endMs - 1);
    await this.#expect("P1", "CART_LOCKED", "change", ({ carts }) =>
      carts.changeQuantity(at, "edge-cart", 3),
    );
    await this.#expect("P1", "CART_LOCKED", "replace", ({ carts }) => carts.putItems(at, []));
    await this.#expect("P1", "CART_LOCKED", "meta", ({ carts }) => carts.setMetadata(at, "a", 1));
    await this.#expect("P1", "CART_LOCKED", "remove", ({ carts }) =>
      carts.removeLine(at, "edge-cart"),
    );
    await this.#until(endMs);
    await this.#expect("P1", "ok", "add", add("ticket"));
    await this.#expect("P1", "ok", "replace", ({ carts }) => carts.putItems(at, []));
  }

  async #orderEnds(): Promise<void> {
    await this.#item("edge-order", 2);
    const { orderId } = await this.#order("alice", "edge-order", "order-ends");
    const endMs = this.#endOf(orderId);
    await this.#until(endMs - 1);
    await this.#expect("S3", "ok", "sweep", ({ sweep }) => sweep({ id: "system:sweep" }));
    if (this.#statusOf(orderId) !== "pending") {
      throw new InvariantBroken("S3", "a sweep ended an order before its time");
    }
    await this.#until(endMs);
    await this.#expect("S3", "ok", "sweep", ({ sweep }) => sweep({ id: "system:sweep" }));
    if (this.#statusOf(orderId) !== "expired") {
      throw new InvariantBroken("S3", "a sweep left an order whose time was over");
    }
  }

  #endings(): Promise<void> {
    const behind = this.#systemWith({ behindMs: 5_000 });
    return playEndings({
      world: this.world,
      expect: (...expected) => this.#expect(...expected),
      behind,
    });
  }

  #oldRows(): Promise<void> {
    return playOldRows({
      world: this.world,
      expect: (...expected) => this.#expect(...expected),
      pay: (orderId) => this.#captured({ orderId }),
      mustCount: (wanted) => this.#checkLevels("edge-unnoted", wanted),
    });
  }

  #statusOf(orderId: string): unknown {
    return this.world.engine.table("Orders").get({ orderId })?.["status"];
  }

  #endOf(orderId: string): number {
    return Number(this.world.engine.table("Orders").get({ orderId })?.["expiresAtMs"]);
  }

  /** However often a payment is started, an order holds its units for so long and no longer. */
  async #paymentIsBounded(): Promise<void> {
    await this.#item("edge-bound", 2);
    const beganMs = Math.floor(this.world.nowMs);
    const order = await this.#order("alice", "edge-bound", "bounded");
    for (let round = 1; round <= 4; round += 1) {
      await this.#expect("S7", "ok", "initiate", ({ payments }) => payments.initiate(order));
      const wishedMs = deadlineAfter(epochMs(Math.floor(this.world.nowMs)), paymentMs);
      const latestMs = deadlineWithin(epochMs(beganMs + maxHoldMs), paymentMs);
      const endMs = Math.min(wishedMs, latestMs);
      if (this.#endOf(order.orderId) !== endMs) {
        throw new InvariantBroken("S7", `held until ${this.#endOf(order.orderId)}, not ${endMs}`);
      }
      await this.#until(endMs - 1);
    }
  }

  async #keysBelongToUsers(): Promise<void> {
    await this.#item("edge-keys", 9);
    const alices = await this.#order("alice", "edge-keys", "same key");
    const bobs = await this.#order("bob", "edge-keys", "same key");
    if (alices.orderId === bobs.orderId) throw new InvariantBroken("I3", "a key is shared");
    await this.#expect(
      "I2",
      "IDEMPOTENCY_KEY_REUSED",
      "place",
      this.#place("alice", "edge-keys", "same key", 2),
    );
    await this.#expect("X1", "ORDER_NOT_FOUND", "cancel", ({ orders }) =>
      orders.cancel(bobs.orderId, alices.caller, alices.actor),
    );
    await this.#expect("X1", "ORDER_NOT_FOUND", "initiate", ({ payments }) =>
      payments.initiate({ ...alices, orderId: bobs.orderId }),
    );
    const move = (quantity: number) => (system: System) =>
      system.ledger.move({
        itemId: "edge-keys",
        kind: "adjusted",
        quantity,
        reference: "once",
        actor: { id: "root" },
      });
    await this.#expect("I1", "ok", "adjust", move(1));
    await this.#expect("I1", "ok", "adjust", move(1));
    await this.#expect("I2", "IDEMPOTENCY_KEY_REUSED", "adjust", move(2));
    await this.#expect("S2", "INSUFFICIENT_STOCK", "sell", ({ ledger }) =>
      ledger.move({
        itemId: "edge-keys",
        kind: "sold",
        quantity: 99,
        reference: "too many",
        actor: { id: "root" },
      }),
    );
  }

  async #signaturesCount(): Promise<void> {
    await this.#item("edge-signed", 2);
    const { orderId } = await this.#order("alice", "edge-signed", "signed");
    const transactionId = `sbx_${orderId}`;
    const wish = { orderId, transactionId, amountMinor: 1_000, currency: "EUR" };
    const event = this.#bank.pay(wish, true);
    const { body, headers } = this.#bank.signed(event);
    const receive =
      (bytes: string, changed: Record<string, string> = {}) =>
      (system: System) =>
        system.payments.receive("sandbox", {
          body: Buffer.from(bytes),
          headers: { ...headers, ...changed },
        });
    const before = this.world.commits.length;
    await this.#expect("P6", "BAD_SIGNATURE", "webhook", receive(`${body} `));
    await this.#expect("P6", "BAD_SIGNATURE", "webhook", receive(body, { "webhook-id": "other" }));
    await this.#expect(
      "P6",
      "BAD_SIGNATURE",
      "webhook",
      receive(body, { "webhook-signature": "" }),
    );
    await this.world.sleep(302_000);
    await this.#expect("P6", "BAD_SIGNATURE", "webhook", receive(body));
    if (this.world.commits.length > before) {
      throw new InvariantBroken("P6", "a webhook that was not genuine wrote something");
    }
    const genuine = this.#bank.signed(event);
    await this.#expect("P3", "ok", "webhook", ({ payments }) =>
      payments.receive("sandbox", { body: Buffer.from(genuine.body), headers: genuine.headers }),
    );
  }

  /** TTL may take a lock's row a day after its lease; not before, and the fence still grows. */
  async #locksOutliveTtl(): Promise<void> {
    const owner = { userId: "alice" };
    const resource = "edge-ttl";
    const fences: number[] = [];
    const take = async (): Promise<void> => {
      await this.#expect("L2", "ok", "acquire:alice/", async ({ locks }) => {
        fences.push((await locks.acquire({ resource, owner, leaseMs: 1_000 })).fence);
      });
    };
    const rows = (): unknown => this.world.engine.table("Locks").get({ resource });
    for (let round = 0; round < 5; round += 1) {
      await take();
      await this.world.sleep(1_000);
    }
    await this.world.sleep(86_000_000);
    this.world.engine.deleteExpired((_item, { name }) => name === "Locks");
    if (!rows()) throw new InvariantBroken("L2", "TTL took a lock within a day after its lease");
    await this.world.sleep(500_000);
    this.world.engine.deleteExpired((_item, { name }) => name === "Locks");
    if (rows()) throw new InvariantBroken("L2", "TTL never takes a lock");
    await take();
    if (fences.some((fence, index) => index > 0 && fence <= fences[index - 1]!)) {
      throw new InvariantBroken("L2", `fences ${fences.join(", ")}`);
    }
  }

  /** What a shopper is told of a refusal is what is true. */
  async #refusalsTellTheTruth(): Promise<void> {
    await this.#item("edge-a", 1);
    await this.#item("edge-b", 1);
    await this.#order("alice", "edge-a", "tells");
    const ending = await this.world.invoke("place", this.#system.process, () =>
      this.#system.orders.place({
        userId: "bob",
        actor: { id: "bob" },
        source: {
          kind: "items",
          items: [
            { itemId: "edge-b", quantity: 1 },
            { itemId: "edge-a", quantity: 1 },
          ],
        },
        paymentMethod: "sandbox",
        idempotencyKey: "both",
      }),
    );
    const error = ending.kind === "failed" ? (ending.error as HoldfastError) : undefined;
    const failed = error?.fields["failedItems"] as
      { itemId: string; available: number }[] | undefined;
    if (failed?.length !== 1 || failed[0]?.itemId !== "edge-a" || failed[0].available !== 0) {
      throw new InvariantBroken("S5", `refused with ${JSON.stringify(failed)}`);
    }
    const free = this.world.engine.table("Stock").get({ itemId: "edge-b", shard: 0 });
    if (free?.["available"] !== 1) throw new InvariantBroken("S5", "a refused order kept a line");
  }

  /** Late money: the units are taken again if they are there, and paid back at once if they are not. */
  async #sweepSellsNothing(): Promise<void> {
    await this.#item("edge-late", 1);
    const first = await this.#order("alice", "edge-late", "late-1");
    await this.#until(this.#endOf(first.orderId));
    await this.#expect("S3", "ok", "sweep", ({ sweep }) => sweep({ id: "system:sweep" }));
    const second = await this.#order("bob", "edge-late", "late-2");
    if ((await this.#captured(first)) !== "ok" || this.#statusOf(first.orderId) !== "refunded") {
      throw new InvariantBroken(
        "S6",
        `late money made it ${String(this.#statusOf(first.orderId))}`,
      );
    }
    if ((await this.#captured(second)) !== "ok" || this.#statusOf(second.orderId) !== "paid") {
      throw new InvariantBroken("P3", `money made it ${String(this.#statusOf(second.orderId))}`);
    }
    await this.#expect("P3", "ok", "sweep", ({ sweep }) => sweep({ id: "system:sweep" }));
    if (this.#statusOf(first.orderId) !== "refunded") {
      throw new InvariantBroken("P3", "a refund that was due was not made by the sweep");
    }
  }

  /** Paying for one instance empties that one and unlocks; the others keep what they have. */
  async #instancesStay(): Promise<void> {
    await this.#item("edge-stay", 5);
    const at = { userId: "carol", sessionId: "stay", actor: { id: "carol" } };
    for (const instance of ["ticket", "menu"]) {
      await this.#expect("P1", "ok", "add", ({ carts }) =>
        carts.addLine({ ...at, instance }, { itemId: "edge-stay", quantity: 1 }),
      );
    }
    let orderId = "";
    await this.#expect("P1", "ok", "place", async ({ orders }) => {
      const placed = await orders.place({
        userId: "carol",
        actor: { id: "carol" },
        source: { kind: "cart", sessionId: "stay", instances: ["ticket"] },
        paymentMethod: "sandbox",
      });
      orderId = placed.order.orderId;
    });
    await this.#captured({ orderId });
    const cart = this.world.engine.table("Carts").get({ cartId: "carol/stay" });
    const left = Object.keys(cart ?? {}).filter((name) => name.startsWith("line:"));
    if (left.join() !== "line:menu:edge-stay" || cart?.["lock"]) {
      throw new InvariantBroken("P1", `after paying for the tickets: ${left.join()}`);
    }
  }

  /** Each condition holds by itself, also where another one would have refused before. */
  async #conditionsStandAlone(): Promise<void> {
    const owner = { userId: "alice" };
    const resource = "edge-alone";
    const fences: number[] = [];
    const take = async ({ locks }: System): Promise<void> => {
      fences.push((await locks.acquire({ resource, owner, leaseMs })).fence);
    };
    for (let round = 0; round < 3; round += 1) {
      await this.#expect("L2", "ok", "acquire:alice/", take);
      await this.#expect("L4", "ok", "release:alice/", ({ locks }) =>
        locks.release({ resource, owner }),
      );
    }
    if (new Set(fences).size < fences.length) {
      throw new InvariantBroken("L2", `fences ${fences.join(", ")} within an instant`);
    }
    await this.#expect("L1", "ok", "acquire:alice/", take);
    const actor = { id: "system:sweep" };
    await this.#expect("L4", "LOCK_NOT_OWNED", "tidy", ({ database, clock }) =>
      database.apply(expireLockWrite({ resource, nowMs: clock(), actor })),
    );
    await this.#expect("L4", "ok", "release:alice/", ({ locks }) =>
      locks.release({ resource, owner }),
    );
    const taken = { resource, owner, kind: "custom", scope: "exact", leaseMs, actor } as const;
    await this.#expect("L2", "LOCK_NOT_OWNED", "old fence", ({ database, clock }) =>
      database.apply(acquireLockWrite(taken, clock(), fences[0]! - 1)),
    );
    await this.#savesLookAtFences();
    await this.#treesLookBelow();
  }

  async #savesLookAtFences(): Promise<void> {
    const owner = { userId: "alice" };
    const documentId = "edge-alone";
    let fence = 0;
    await this.#expect("L3", "ok", "edit:alice/", async ({ documents }) => {
      fence = (await documents.edit(documentId, { owner, leaseMs })).lock.fence;
    });
    await this.#expect("L3", "ok", "save:alice/", ({ documents }) =>
      documents.save({ documentId, content: 1, owner, fence, keepLock: true }),
    );
    const save = (old: { fence: number; version: number }) => (system: System) => {
      const nowMs = system.clock();
      const note = changeNote("document.saved", { id: "alice" }, nowMs);
      const about = { documentId, text: "2", expected: undefined, savedBy: "alice" } as const;
      const facts = { ...about, nowMs, note };
      return system.database.apply(saveWrite({ ...facts, ...old }));
    };
    const version = Math.floor(this.world.nowMs) + 10;
    await this.#expect("L3", "LOCK_NOT_OWNED", "old fence", save({ fence: fence - 1, version }));
    const refused = await this.#outcome("old version", save({ fence, version: 1 }));
    if (refused === "ok") throw new InvariantBroken("L3", "a version fell");
  }

  async #treesLookBelow(): Promise<void> {
    const owner = { userId: "alice" };
    let lock: Lock | undefined;
    await this.#expect("L1", "ok", "acquire:alice/", async ({ locks }) => {
      lock = await locks.acquire({ resource: "alone/1", owner, leaseMs, scope: "tree" });
    });
    const actor = { id: "bob" };
    const above = { resource: "alone", owner: { userId: "bob" }, kind: "custom" } as const;
    const taken = { ...above, scope: "tree", leaseMs, actor } as const;
    const outcome = await this.#outcome("take", ({ database, clock }) => {
      const assumed = { fence: clock() + 10, expiredBelow: [lock!] };
      return database.apply(takeTreeWrite(taken, assumed, clock()));
    });
    if (outcome === "ok") throw new InvariantBroken("L1", "a live lock below was taken for over");
  }

  /** What a row was seen to hold has to be there still when it is taken over: no bucket goes twice. */
  async #takeOversLookAgain(): Promise<void> {
    const itemId = "edge-extended";
    await this.#item(itemId, 4);
    const first = await this.#order("alice", itemId, "extended", 2);
    await this.#order("alice", itemId, "beside", 2);
    const { due, reclaimedThroughMs } = this.#stockOf(itemId);
    const endsAtMs = epochMs(this.#endOf(first.orderId));
    const key = Object.keys(due)[0]!;
    const seen = { over: [{ key, endsAtMs, quantity: due[key]! }], reclaimedThroughMs };
    await this.#expect("S3", "ok", "cancel", ({ orders }) =>
      orders.cancel(first.orderId, first.caller, first.actor),
    );
    const nowMs = this.#system.clock();
    const note = changeNote("order.placed", { id: "bob" }, nowMs);
    const expiresAtMs = deadlineAfter(endsAtMs, holdMs);
    const wish = { itemId, quantity: 3, orderId: "bobs", expiresAtMs, nowMs, note };
    await this.#expect("S6", "ITEMS_UNAVAILABLE", "take over", ({ database }) =>
      database.transact([holdWrite({ ...wish, room: seen })]),
    );
    const order = { ...first, ...first.caller, expiresAtMs: endsAtMs };
    const closing = { order, to: "cancelled", nowMs, note };
    await this.#expect("S3", "ORDER_NOT_PAYABLE", "close", ({ database }) =>
      database.apply(closeOrderWrite(closing as never)),
    );
  }

  /** Two buyers who saw the same expired units: one takes them over, the other looks again. */
  async #watermarkCounts(): Promise<void> {
    const itemId = "edge-watermark";
    await this.#item(itemId, 2);
    const first = await this.#order("alice", itemId, "watermark", 2);
    await this.#until(this.#endOf(first.orderId));
    const seen = roomIn(this.#stockOf(itemId), this.#system.clock());
    const note = changeNote("hold.reclaimed", { id: "bob" }, this.#system.clock());
    const reclaim = ({ database }: System) => database.apply(reclaimWrite(itemId, seen, note));
    await this.#expect("S4", "ok", "reclaim", reclaim);
    await this.#expect("S4", "HOLD_GONE", "reclaim", reclaim);
    // Whose clock is far behind would hold until an instant that was taken over already.
    const nowMs = epochMs(seen.over[0]!.endsAtMs - 1_000);
    const late = { itemId, quantity: 1, orderId: "late", expiresAtMs: nowMs, nowMs };
    await this.#expect("S6", "ITEMS_UNAVAILABLE", "hold", ({ database }) =>
      database.transact([holdWrite({ ...late, note })]),
    );
    await this.#expect("S6", "ORDER_NOT_PAYABLE", "initiate", ({ payments }) =>
      payments.initiate(first),
    );
    // The money of the first comes late: its units are free, so it takes them anew.
    await this.#captured({ ...first, totalMinor: 2_000 });
    if (this.#statusOf(first.orderId) !== "paid" || this.#stockOf(itemId).sold !== 2) {
      throw new InvariantBroken("S6", "late money did not take its units anew");
    }
  }

  /**
   * Clocks that are far ahead: a hold slips in beside buckets that are being taken over. It stays
   * counted until the next take-over, it is nobody's any more, and whoever is behind can still buy.
   */
  async #clocksFarAhead(): Promise<void> {
    const itemId = "edge-ahead";
    this.#books.leftOut.add(itemId);
    await this.#item(itemId, 3);
    const long = await this.#order("alice", itemId, "ahead");
    await this.#expect("S7", "ok", "initiate", ({ payments }) => payments.initiate(long));
    const longEndMs = epochMs(this.#endOf(long.orderId));
    const seenEarly = roomIn(this.#stockOf(itemId), longEndMs);
    await this.world.sleep(gridStepMs(holdMs) + 1);
    const slipped = await this.#order("bob", itemId, "slipped");
    const late = roomIn(this.#stockOf(itemId), epochMs(this.#endOf(slipped.orderId)));
    const seenLate = { ...late, over: late.over.filter(({ quantity }) => quantity > 0) };
    const note = changeNote("hold.reclaimed", { id: "carol" }, longEndMs);
    const reclaim = (room: Room) => (system: System) =>
      system.database.apply(reclaimWrite(itemId, room, note));
    await this.#expect("S4", "ok", "reclaim", reclaim(seenEarly));
    await this.#expect("S6", "HOLD_GONE", "reclaim", reclaim(seenLate));
    for (const order of [long, slipped]) {
      await this.#expect("S6", "ORDER_NOT_PAYABLE", "initiate", ({ payments }) =>
        payments.initiate(order),
      );
    }
    await this.#expect("S7", "ok", "place", this.#place("dora", itemId, "behind", 3));
    if (this.#stockOf(itemId).held !== 3) throw new InvariantBroken("S1", "units got lost");
  }

  #stockOf(itemId: string): Stock {
    return this.world.engine.table("Stock").get({ itemId, shard: 0 }) as unknown as Stock;
  }

  async #pricesAreLookedAtAgain(): Promise<void> {
    await this.#item("edge-price", 3);
    const at = { userId: "dora", sessionId: "price", instance: "ticket", actor: { id: "dora" } };
    await this.#expect("P2", "ok", "add", ({ carts }) =>
      carts.addLine(at, { itemId: "edge-price", quantity: 1 }),
    );
    const price = { amountMinor: 1_100, currency: "EUR" };
    await this.#expect("P2", "ok", "price", ({ inventory }) =>
      inventory.change("edge-price", { price }, { id: "root" }),
    );
    await this.#expect("P2", "ITEMS_UNAVAILABLE", "place", ({ orders }) =>
      orders.place({
        userId: "dora",
        actor: { id: "dora" },
        source: { kind: "cart", sessionId: "price" },
        paymentMethod: "sandbox",
      }),
    );
  }

  /** A refund that is told before its capture: the capture, told later, changes nothing any more. */
  async #refundToldFirst(): Promise<void> {
    await this.#item("edge-refund", 2);
    const { orderId } = await this.#order("alice", "edge-refund", "refund first");
    const wish = { orderId, transactionId: `sbx_${orderId}`, amountMinor: 1_000, currency: "EUR" };
    const captured = this.#bank.pay(wish, true);
    const refunded = { ...captured, type: "payment.refunded" as const };
    const tell = (event: typeof captured) => {
      const { body, headers } = this.#bank.signed(event);
      return this.#expect("P4", "ok", "webhook", ({ payments }) =>
        payments.receive("sandbox", { body: Buffer.from(body), headers }),
      );
    };
    await tell(refunded);
    const before = JSON.stringify(this.world.engine.table("Orders").get({ orderId }));
    await tell(captured);
    await tell(refunded);
    const after = JSON.stringify(this.world.engine.table("Orders").get({ orderId }));
    if (this.#statusOf(orderId) !== "refunded" || before !== after) {
      throw new InvariantBroken("P4", `a capture told after its refund: ${after}`);
    }
  }

  async #cartsBelongToOneOrder(): Promise<void> {
    await this.#item("edge-two", 9);
    const at = { userId: "eva", sessionId: "two", instance: "ticket", actor: { id: "eva" } };
    const place = (idempotencyKey: string) => (system: System) =>
      system.orders.place({
        userId: "eva",
        actor: { id: "eva" },
        source: { kind: "cart", sessionId: "two" },
        paymentMethod: "sandbox",
        idempotencyKey,
      });
    await this.#expect("P1", "ok", "add", ({ carts }) =>
      carts.addLine(at, { itemId: "edge-two", quantity: 1 }),
    );
    let first = "";
    await this.#expect("P1", "ok", "place", async (system) => {
      first = (await place("first")(system)).order.orderId;
    });
    await this.#expect("P1", "CART_LOCKED", "place", place("second"));
    await this.#until(this.#endOf(first));
    await this.#expect("P1", "ok", "place", place("third"));
    const caller = { userId: "eva", isAdmin: false };
    await this.#expect("P1", "ok", "cancel", ({ orders }) =>
      orders.cancel(first, caller, { id: "eva" }),
    );
    await this.#expect("P1", "CART_LOCKED", "meta", ({ carts }) => carts.setMetadata(at, "a", 1));
  }

  /**
   * While a hot row is being closed, a clock that is a minute behind places a hold in a bucket of which the row counts
   * nothing yet, though units have moved there and were sold; and moves it on from there: nobody's sale may be
   * counted twice for it, and the units come back.
   */
  async #slippedBehindABucket(): Promise<void> {
    const itemId = "edge-slipped";
    this.#books.leftOut.add(itemId);
    // A payment's grid has steps of 20 s here, and a hold's of 5 s: everything follows from where they stand.
    await this.#until(Math.ceil((this.world.nowMs + 1) / 20_000) * 20_000 + 10);
    const beganMs = Math.floor(this.world.nowMs) - 10;
    const price = { amountMinor: 1_000, currency: "EUR" };
    const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: 4, shards: 2 };
    await this.#expect("S1", "ok", "createItem", ({ inventory }) =>
      inventory.create({ ...facts, holdPolicy: "counted" }, { id: "root" }),
    );
    const first = await this.#order("alice", itemId, "slipped-1");
    const [{ row = 0 } = {}] = this.#orderOf(first.orderId).pieces?.[itemId] ?? [];
    // Whatever is in the other row is sold, so that who comes next gets the last unit of this one.
    const rest = await this.#order("bob", itemId, "slipped-2", 2);
    for (const [order, totalMinor] of [
      [first, 1_000],
      [rest, 2_000],
    ] as const) {
      await this.#expect("S7", "ok", "initiate", ({ payments }) => payments.initiate(order));
      await this.#captured({ orderId: order.orderId, totalMinor });
    }
    const reclaim = (system: System) => system.inventory.reclaim([itemId]);
    await this.#until(beganMs + 140_000);
    const slow = this.#systemWith({ behindMs: 62_000 });
    // What became of its units is counted where that of the first order is.
    const key = Array.from({ length: 1_000 }, (_, index) => `slipped-3-${index}`).find((each) => {
      const request = { userId: "carol", idempotencyKey: each } as const;
      return pickPart(makeOrderId(request as never, () => "")) === pickPart(first.orderId);
    });
    const slip = async (): Promise<void> => {
      const { order } = await this.#place("carol", itemId, key!)(slow);
      const { orderId } = order;
      const caller = { userId: "carol", isAdmin: false };
      await slow.payments.initiate({ orderId, caller, actor: { id: "carol" } });
    };
    const closer = this.#systemWith({ beforeRowIsClosed: { row, meanwhile: slip } });
    await this.#expect("S3", "ok", "reclaim", () => reclaim(closer));
    this.#checkLevels(itemId, { sold: 3, held: 1, available: 0 });
    await this.#until(beganMs + 200_000);
    await this.#expect("S3", "ok", "reclaim", reclaim);
    this.#checkLevels(itemId, { sold: 3, held: 0, available: 1 });
  }

  /** What the further rows of an item count together. */
  #checkLevels(itemId: string, wanted: Readonly<Record<"sold" | "held" | "available", number>>) {
    const rows = this.#books.hot.rows(itemId);
    for (const name of ["sold", "held", "available"] as const) {
      const units = rows.reduce((sum, each) => sum + each[name], 0);
      if (units === wanted[name]) continue;
      throw new InvariantBroken("S3", `${itemId}: ${units} ${name}, not ${wanted[name]}`);
    }
  }

  /** Settlement rows end; money that comes after that takes units anew, and opens none of them again. */
  async #settlementsEnd(): Promise<void> {
    const itemId = "edge-ended";
    const price = { amountMinor: 1_000, currency: "EUR" };
    const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: 2, shards: 2 };
    await this.#expect("S1", "ok", "createItem", ({ inventory }) =>
      inventory.create({ ...facts, holdPolicy: "counted" }, { id: "root" }),
    );
    const late = await this.#order("alice", itemId, "ended-1");
    // The second time it is counted under its last deadline, too.
    const start = () =>
      this.#expect("S7", "ok", "initiate", ({ payments }) => payments.initiate(late));
    await start();
    await start();
    const reclaimAfter = async (orderId: string): Promise<void> => {
      await this.#until(this.#endOf(orderId));
      await this.#expect("S3", "ok", "reclaim", ({ inventory }) => inventory.reclaim([itemId]));
    };
    await reclaimAfter(late.orderId);
    // Both rows settle another bucket, by which what was settled before ends.
    await reclaimAfter((await this.#order("bob", itemId, "ended-2", 2)).orderId);
    // TTL may be as quick as it likes.
    const { engine } = this.world;
    const table = engine.table("Stock");
    const own = [...table.items()].filter((each) => each["item"] === itemId);
    for (const each of own.filter((image) => image["ttlSeconds"] !== undefined)) {
      engine.commit(table, table.keyOf(each), each, undefined, true);
    }
    const kept = own.filter((each) => each["isClosed"] && each["ttlSeconds"] === undefined);
    if (kept.length > 2 * settlementParts) {
      throw new InvariantBroken("B1", `${kept.length} settlement rows are kept of two rows`);
    }
    await this.#captured(late);
    const rows = this.#books.hot.rows(itemId);
    const sold = rows.reduce((sum, each) => sum + each.sold, 0);
    if (sold !== 1) throw new InvariantBroken("S6", `paid late, and ${sold} were taken for it`);
  }

  #orderOf(orderId: string): Order {
    return this.world.engine.table("Orders").get({ orderId }) as unknown as Order;
  }

  /** A process with a clock that is behind, or one that is kept just before it writes what became of a bucket. */
  #systemWith({
    behindMs = 0,
    beforeRowIsClosed,
  }: {
    behindMs?: number;
    beforeRowIsClosed?: { row: number; meanwhile: () => Promise<void> };
  }): System {
    const real = this.world.process();
    let isDone = beforeRowIsClosed === undefined;
    const client = {
      async send(command: Command): Promise<never> {
        const { Key } = command.input as { Key?: { itemId?: string } };
        const place = `#${beforeRowIsClosed?.row}#openings`;
        const isRow = command instanceof UpdateCommand && Key?.itemId?.endsWith(place);
        if (!isDone && isRow) {
          isDone = true;
          await beforeRowIsClosed?.meanwhile();
        }
        return real.client.send(command);
      },
    };
    const clock = () => epochMs(real.clock() - behindMs);
    const process = { ...real, client, clock, skewMs: -behindMs };
    return createSystem({ process: () => process }, defaultSettings, (own) => ({
      sandbox: this.#bank.provider(own),
    }));
  }

  /** An answer that is lost is found out: what was done is not reported as refused. */
  async #lostAnswers(): Promise<void> {
    await this.#item("edge-lost", 3);
    const { orderId, caller, actor } = await this.#order("alice", "edge-lost", "lost");
    const losing = async (
      label: string,
      request: number,
      work: (system: System) => Promise<unknown>,
    ) => {
      this.world.crashPoint = { label, request, where: "lost" };
      await this.#expect("I1", "ok", label, work);
    };
    await losing("cancel-lost", 2, ({ orders }) => orders.cancel(orderId, caller, actor));
    const price = { amountMinor: 1, currency: "EUR" };
    const item = { itemId: "edge-lost-2", name: "x", kind: "x", price, quantity: 1 };
    await losing("create-lost", 1, ({ inventory }) =>
      inventory.create({ ...item, holdPolicy: "counted" }, { id: "root" }),
    );
    const owner = { userId: "alice" };
    await losing("acquire-lost", 1, ({ locks }) => locks.acquire({ resource: "edge-lost", owner }));
    await losing("release-lost", 1, ({ locks }) => locks.release({ resource: "edge-lost", owner }));
  }

  /** Runs a request whose first answer gets lost, and something else before it is repeated. */
  async #whileLost(
    label: string,
    request: number,
    work: (system: System) => Promise<unknown>,
    meanwhile: () => Promise<void>,
  ): Promise<string> {
    this.world.crashPoint = { label, request, where: "lost" };
    const outcome = this.#outcome(label, work);
    await this.world.sleep(500);
    await meanwhile();
    return outcome;
  }

  /** A force release ends one hold, also when its answer is lost and somebody takes the lock then. */
  async #forcedOnce(): Promise<void> {
    const resource = "edge-forced";
    const take =
      (userId: string) =>
      ({ locks }: System) =>
        locks.acquire({ resource, owner: { userId }, leaseMs: 60_000 });
    await this.#expect("L5", "ok", "acquire:alice/", take("alice"));
    const force = ({ locks }: System) =>
      locks.forceRelease({ resource, actor: { id: "root" }, reason: "away" });
    const owner = { userId: "bob" };
    await this.#whileLost("force-lost", 1, force, async () => {
      // He comes, goes and comes again: his own release must not hide that the forced one is done.
      await this.#expect("L5", "ok", "acquire:bob/", take("bob"));
      await this.#expect("L5", "ok", "release:bob/", ({ locks }) =>
        locks.release({ resource, owner }),
      );
      await this.#expect("L5", "ok", "acquire:bob/", take("bob"));
    });
    await this.#expect("L4", "ok", "renew:bob/", ({ locks }) =>
      locks.renew({ resource, owner, leaseMs: 60_000 }),
    );
  }

  /** An acquisition takes effect once, also when its answer is lost and the lock is ended by force then. */
  async #takenOnce(): Promise<void> {
    const resource = "edge-taken";
    const acquire = ({ locks }: System) => locks.acquire({ resource, owner: { userId: "alice" } });
    const force = () =>
      this.#expect("L5", "ok", "force:root/", ({ locks }) =>
        locks.forceRelease({ resource, actor: { id: "root" }, reason: "away" }),
      );
    await unlessUnknown(this.#whileLost("acquire-lost", 1, acquire, force));
    if (this.world.engine.table("Locks").get({ resource })?.["owner"] !== undefined) {
      throw new InvariantBroken("L1", "an acquisition took effect again after it had been ended");
    }
  }

  /** An addition counts once, also when its answer is lost and others edit the cart meanwhile. */
  async #addedOnce(): Promise<void> {
    await this.#item("edge-added", 9);
    const at = { userId: "finn", sessionId: "added", instance: "menu", actor: { id: "finn" } };
    const edits = async (): Promise<void> => {
      for (let edit = 0; edit < 6; edit += 1) {
        await this.#expect("C2", "ok", "meta", ({ carts }) => carts.setMetadata(at, "note", edit));
      }
    };
    const add = ({ carts }: System) => carts.addLine(at, { itemId: "edge-added", quantity: 1 });
    await this.#expect("C2", "ok", "add", add);
    await edits();
    await unlessUnknown(this.#whileLost("add-lost", 2, add, edits));
    const cart = this.world.engine.table("Carts").get({ cartId: "finn/added" });
    if (cart?.["quantity:menu:edge-added"] !== 2) {
      throw new InvariantBroken("C2", `two were ${String(cart?.["quantity:menu:edge-added"])}`);
    }
  }
}

/** Where nobody can tell any more, that is what the client is told, and nothing is done twice. */
async function unlessUnknown(outcome: Promise<string>): Promise<void> {
  await outcome.catch((error: unknown) => {
    if (!(error instanceof InvariantBroken) || !/No answer/.test(error.message)) throw error;
  });
}
