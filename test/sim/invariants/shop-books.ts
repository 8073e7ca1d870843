/**
 * The books of the simulated shop: they look at every change as it happens and at the whole after every
 * request, and say which promise of the design is broken. They read the database, never the product.
 */
import { bucketEndMs, bucketKey } from "../../../shared/inventory/deadline.ts";
import { isAboutRow } from "../../../shared/inventory/about-store.ts";
import { isUsesId } from "../../../shared/base/uses-id.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import { nameLines } from "../../../shared/orders/order-line.ts";
import { nextStatuses, type Order, type OrderStatus } from "../../../shared/orders/order.ts";
import type { Item } from "../engine/values.ts";
import { areEqual } from "../engine/values.ts";
import { HotBooks, isFurther, unitsToBeHad, isNotice } from "./hot-books.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import { ItemLineBooks } from "./item-line-books.ts";
import { LateMoneyBooks } from "./late-money.ts";

function broken(invariant: string, detail: string): never {
  throw new InvariantBroken(invariant, detail);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

const demands = new WeakMap<Order, ReadonlyMap<string, number>>();

/** Units of each item that an order is about, and uses of each limited promotion. An image never changes. */
function demandOf(order: Order): ReadonlyMap<string, number> {
  const known = demands.get(order);
  if (known) return known;
  const demand = new Map<string, number>();
  for (const { itemId, quantity } of [...order.lines, ...(order.uses ?? [])]) {
    demand.set(itemId, (demand.get(itemId) ?? 0) + quantity);
  }
  demands.set(order, demand);
  return demand;
}

const contentsPattern =
  /^(line|quantity|condition|code|metadata|currency):|^(lineKeys|conditionKeys)$/;

function contentsOf(cart: Item | undefined): Item {
  const names = Object.keys(cart ?? {}).filter((name) => contentsPattern.test(name));
  return Object.fromEntries(names.map((name) => [name, cart![name]!]));
}

interface Lock {
  readonly orderId: string;
  readonly expiresAtMs: number;
}

/** What may follow a status, besides staying; a refund at the provider may come before all else. */
function mayFollow(from: OrderStatus, to: OrderStatus): boolean {
  return from === to || nextStatuses[from].includes(to) || to === "refunded";
}

/** Units of an item that an order has in the row that every item has. */
function heldInFirst(order: Order, itemId: string): number {
  const pieces = order.pieces?.[itemId];
  if (!pieces) return demandOf(order).get(itemId) ?? 0;
  return sum(pieces.filter(({ row }) => row === 0).map(({ quantity }) => quantity));
}

/** What came back with an order's refunds, by line. */
function returnsOf({ payment }: Order) {
  return Object.values(payment?.refunds ?? {}).flatMap(({ lines = [] }) => lines);
}

function restockedOf(order: Order, itemId: string): number {
  if (!order.payment?.refunds) return 0;
  const named = nameLines(order.lines);
  const back = returnsOf(order).filter(
    ({ lineId, restock }) => restock && named.get(lineId)?.itemId === itemId,
  );
  return sum(back.map(({ quantity }) => quantity));
}

/** Of no line comes more back than was sold, and none is sent that came back before. */
function checkLines(old: Order | undefined, next: Order): void {
  const { orderId, fulfilments = [] } = next;
  for (const [lineId, { quantity }] of nameLines(next.lines)) {
    const unitsIn = (lines: readonly { readonly lineId: string; readonly quantity: number }[]) =>
      sum(lines.map((line) => (line.lineId === lineId ? line.quantity : 0)));
    const returned = unitsIn(returnsOf(next));
    if (returned > quantity) broken("S4", `${orderId} ${lineId}: ${returned} back of ${quantity}`);
    const sent = unitsIn(fulfilments.flatMap(({ lines }) => lines));
    const before = unitsIn((old?.fulfilments ?? []).flatMap(({ lines }) => lines));
    // What was sent may come back; what came back is not sent any more.
    if (sent > before && sent + returned > quantity) {
      broken("S4", `${orderId} ${lineId}: ${sent} sent and ${returned} back of ${quantity}`);
    }
  }
}

export class ShopBooks {
  readonly #world: World;
  readonly #skewMs: number;
  #movements: Commit[] = [];
  /** Units of orders that time has ended, by item and bucket: counted there until they are taken over. */
  readonly #lapsed = new Map<string, number>();
  /** Orders that were paid, whatever became of them: their uses of promotions stay used. */
  readonly #everPaid = new Set<string>();
  #frozen: { cartId: string; lock: Lock }[] = [];

  /** Items that scenes hold without orders, or under clocks that are far off: only their rows are judged. */
  readonly leftOut = new Set<string>();

  readonly hot: HotBooks;
  readonly lines: ItemLineBooks;
  readonly #lateMoney: LateMoneyBooks;

  constructor(world: World, lateMoneyMs = Number.POSITIVE_INFINITY) {
    this.#world = world;
    this.#lateMoney = new LateMoneyBooks(world, lateMoneyMs);
    this.hot = new HotBooks(world);
    this.lines = new ItemLineBooks(world);
    this.#skewMs = world.options.skewMs ?? 0;
    world.observers.push((commit) => this.#observe(commit));
    world.watchers.push((changed) => this.#watch(changed));
  }

  orders(): Order[] {
    return this.#world.engine.table("Orders").items() as unknown as Order[];
  }

  /** The row that every item has; `hot` knows the others. */
  stocks(): Stock[] {
    const rows = this.#world.engine.table("Stock").items();
    return rows.filter((row) => !isFurther(row) && !isNotice(row)) as unknown as Stock[];
  }

  #observe(commit: Commit): void {
    const { table, oldImage, newImage } = commit;
    if (isNotice(newImage ?? oldImage)) return;
    if (table === "Stock" && newImage && isAboutRow(newImage)) return;
    if (table === "Stock" && isFurther(newImage ?? oldImage)) this.hot.observe(commit);
    else if (table === "Stock") this.#stockChange(commit);
    if (commit.table === "Orders") this.#orderChange(commit);
    if (commit.table === "Carts") this.#cartChange(commit);
    if (commit.table === "Movements" && !commit.oldImage) this.#movements.push(commit);
  }

  /** S1 and S2 inside the one item, at every change; the watermark and what it promises. */
  #stockChange({ oldImage, newImage }: Commit): void {
    const [old, stock] = [oldImage, newImage] as unknown as [Stock | undefined, Stock];
    const { itemId, available, held, sold, received, adjusted, due, reclaimedThroughMs } = stock;
    const { away = 0 } = stock;
    if (held !== sum(Object.values(due))) broken("S1", `${itemId}: ${held} held, due says else`);
    const units = available + held + sold + away;
    if (units !== received + adjusted) {
      broken("S1", `${itemId}: ${units} units of ${received + adjusted}`);
    }
    const isSoldElsewhere = stock.rows !== undefined;
    if (
      available < 0 ||
      (sold < 0 && !isSoldElsewhere) ||
      away < 0 ||
      Object.values(due).some((quantity) => quantity < 0)
    ) {
      broken("S2", `${itemId}: available ${available}, sold ${sold}, ${JSON.stringify(due)}`);
    }
    if (!old) return;
    if (reclaimedThroughMs < old.reclaimedThroughMs) {
      broken("S6", `${itemId}: the watermark went back to ${reclaimedThroughMs}`);
    }
    const gone = Object.entries(old.due).filter(([key]) => !(key in due));
    for (const [key] of gone) {
      if (bucketEndMs(key) > reclaimedThroughMs) broken("S6", `${itemId}: ${key} is gone unseen`);
      this.#lapsed.delete(`${itemId} ${key}`);
    }
  }

  /** P5 and P2 at every change of an order. */
  #orderChange({ oldImage, newImage }: Commit): void {
    const [old, next] = [oldImage, newImage] as unknown as [Order | undefined, Order];
    const { orderId, status, totalMinor, payment } = next;
    if (old?.status === "pending" && status === "expired") this.#lapse(old);
    if (old && !mayFollow(old.status, status)) {
      broken("P5", `${orderId} went from ${old.status} to ${status}`);
    }
    if (old && (old.totalMinor !== totalMinor || !areEqual(linesOf(old), linesOf(next)))) {
      broken("P2", `${orderId}: total or lines changed`);
    }
    if (status === "paid") this.#everPaid.add(orderId);
    if (old) this.#lateMoney.check(old, next, this.stocks());
    checkLines(old, next);
    if ((payment?.refundableMinor ?? 0) < 0)
      broken("P9", `${orderId}: more is to go back than came`);
    const isAsking = Object.values(payment?.refunds ?? {}).some(
      ({ status: each, of }) =>
        (each === "due" || each === "requested") && of?.paymentId === payment?.paymentId,
    );
    if (status === "refunded" && isAsking) broken("P3", `${orderId} is refunded too early`);
    const [before, after] = [old?.payment?.refunds ?? {}, payment?.refunds ?? {}];
    const isLost = Object.keys(before).some((refundId) => !(refundId in after));
    const [was = [], is = []] = [old?.fulfilments, next.fulfilments];
    if (isLost || is.length < was.length) broken("I1", `${orderId} forgot what it had heard`);
    const references = (next.fulfilments ?? []).map(({ reference }) => reference);
    if (new Set(references).size < references.length) broken("I1", `${orderId}: sent twice`);
    if (status === "paid" && payment?.capturedMinor !== totalMinor) {
      broken("P2", `${orderId}: captured ${payment?.capturedMinor} for ${totalMinor}`);
    }
  }

  /** Time ends an order without a word to its items: what they still count for it lapses there. */
  #lapse(order: Order): void {
    const bucket = bucketKey(order.expiresAtMs);
    for (const [itemId] of demandOf(order)) {
      const quantity = heldInFirst(order, itemId);
      const stock = this.stocks().find((each) => each.itemId === itemId);
      if (!stock || stock.reclaimedThroughMs >= bucketEndMs(bucket)) continue;
      const name = `${itemId} ${bucket}`;
      this.#lapsed.set(name, (this.#lapsed.get(name) ?? 0) + quantity);
    }
  }

  /** P1: noted here, judged when the whole request is done, since the order's status decides. */
  #cartChange({ oldImage, newImage, by }: Commit): void {
    const lock = oldImage?.["lock"] as unknown as Lock | undefined;
    const clockMs = this.#world.nowMs + (by?.skewMs ?? 0);
    if (!lock || lock.expiresAtMs <= clockMs) return;
    if (areEqual(contentsOf(oldImage), contentsOf(newImage))) return;
    this.#frozen.push({ cartId: String(newImage?.["cartId"]), lock });
  }

  /** Between items, orders and movements nothing comes about by time alone, nor by what happens to carts. */
  #watch(changed: ReadonlySet<string>): void {
    if (["Orders", "Stock", "Movements", "Locks"].some((table) => changed.has(table))) {
      this.checkAll();
    } else if (this.#frozen.length > 0) this.#checkFrozen(this.orders());
  }

  /** Everything that must hold between any two requests. */
  checkAll(): void {
    const orders = this.orders();
    const stocks = new Map(this.stocks().map((stock) => [stock.itemId, stock]));
    this.#checkFrozen(orders);
    this.#checkMovements(stocks);
    for (const order of orders) this.#checkHolds(order, stocks);
    for (const stock of stocks.values()) {
      if (!this.leftOut.has(stock.itemId)) this.#checkBuckets(stock, orders);
      this.#checkSold(stock, orders);
      this.hot.checkBetween(stock);
      this.hot.checkClaims(stock.itemId, orders);
    }
  }

  #checkFrozen(orders: readonly Order[]): void {
    for (const { cartId, lock } of this.#frozen) {
      const order = orders.find(({ orderId }) => orderId === lock.orderId);
      const isSettled = order?.status === "paid" || order?.status === "refunded";
      if (!isSettled) broken("P1", `${cartId} changed while ${lock.orderId} is ${order?.status}`);
    }
    this.#frozen = [];
  }

  /** What a movement says of the levels after it is what they are. */
  #checkMovements(stocks: ReadonlyMap<string, Stock>): void {
    for (const { newImage } of this.#movements) {
      const levels = newImage?.["levels"] as Record<string, number> | undefined;
      const stock = stocks.get(String(newImage?.["itemId"])) as unknown as Record<string, number>;
      // The levels of several rows are not those of one instant.
      if (stock["rows"] !== undefined) continue;
      for (const name of ["available", "sold", "received", "adjusted"]) {
        if (levels && levels[name] !== stock[name]) {
          broken("I1", `a movement tells ${name} ${levels[name]}, it is ${stock[name]}`);
        }
      }
    }
    this.#movements = [];
  }

  /** S5: an order whose time runs has all of its lines: nobody has taken any of them over. */
  #checkHolds(order: Order, stocks: ReadonlyMap<string, Stock>): void {
    const { orderId, status, expiresAtMs } = order;
    const isLive = status === "pending" && expiresAtMs > this.#world.nowMs + 2 * this.#skewMs;
    if (!isLive) return;
    for (const itemId of demandOf(order).keys()) {
      if (this.leftOut.has(itemId)) continue;
      this.hot.checkHeld(order, itemId);
      if (heldInFirst(order, itemId) === 0) continue;
      const stock = stocks.get(itemId);
      if (!stock || stock.reclaimedThroughMs >= bucketEndMs(bucketKey(expiresAtMs))) {
        broken("S5", `${orderId} does not hold ${itemId} any more`);
      }
    }
  }

  /** S3 and S4: what a bucket counts is what orders have in it, no more and no less. */
  #checkBuckets(
    { itemId, due, reclaimedThroughMs, holdPolicy }: Stock,
    all: readonly Order[],
  ): void {
    const claims = new Map<string, number>();
    const claim = (bucket: string, quantity: number): void => {
      if (bucketEndMs(bucket) <= reclaimedThroughMs) return;
      claims.set(bucket, (claims.get(bucket) ?? 0) + quantity);
    };
    const holding = all.filter(
      (order) => order.status === "pending" && demandOf(order).has(itemId),
    );
    for (const order of holding) claim(bucketKey(order.expiresAtMs), heldInFirst(order, itemId));
    for (const [name, quantity] of this.#lapsed) {
      const [item = "", bucket = ""] = name.split(" ");
      if (item === itemId) claim(bucket, quantity);
    }
    for (const bucket of this.lines.bucketsOf(itemId)) claim(bucket, 1);
    const counted = Object.entries(due).filter(([key]) => bucketEndMs(key) > reclaimedThroughMs);
    for (const bucket of new Set([...claims.keys(), ...counted.map(([key]) => key)])) {
      const [wanted, found] = [claims.get(bucket) ?? 0, due[bucket] ?? 0];
      if (wanted !== found)
        broken("S3", `${itemId} ${bucket}: ${found} held, orders say ${wanted}`);
    }
    const live = holding.filter(({ expiresAtMs }) => {
      return expiresAtMs > Math.max(reclaimedThroughMs, this.#world.nowMs + this.#skewMs);
    });
    if (holdPolicy === "exclusive" && live.length > 1) {
      broken("S2", `${itemId} is exclusive and held by ${live.length} orders`);
    }
  }

  /** S2, S4 and S6: what is sold is what paid orders and the ledger's own sales have taken. */
  #checkSold({ itemId, sold: soldHere }: Stock, orders: readonly Order[]): void {
    const sold = soldHere + this.hot.soldElsewhere(itemId);
    const bought = sum(
      orders.map((order) => {
        if (!this.#everPaid.has(order.orderId)) return 0;
        const units = demandOf(order).get(itemId) ?? 0;
        // Who has paid has used the promotions, and gives only goods back.
        return isUsesId(itemId) ? units : units - restockedOf(order, itemId);
      }),
    );
    const direct = sum(
      this.#world.engine
        .table("Movements")
        .items()
        .filter((movement) => movement["itemId"] === itemId && movement["actor"] === "keeper")
        .map(({ kind, quantity }) => {
          if (kind === "sold") return Number(quantity);
          return kind === "returned" ? -Number(quantity) : 0;
        }),
    );
    if (sold !== bought + direct) {
      broken("S4", `${itemId}: ${sold} sold, ${bought} by paid orders and ${direct} directly`);
    }
  }
}

function linesOf({ lines }: Order): Item[] {
  return lines as unknown as Item[];
}

/** The states of an item from then on: all of its rows after each instant at which one changed. */
function statesSince(world: World, itemId: string, sinceMs: number): Item[][] {
  const commits = world.commits.filter(({ table, newImage, oldImage }) => {
    const image = newImage ?? oldImage;
    return table === "Stock" && (image?.["item"] ?? image?.["itemId"]) === itemId;
  });
  const rows = new Map<string, Item>();
  const states: Item[][] = [];
  for (const [index, { atMs, key, newImage }] of commits.entries()) {
    if (newImage) rows.set(JSON.stringify(key), newImage);
    // What a transaction did, it did at one instant.
    if (commits[index + 1]?.atMs === atMs) continue;
    if (atMs <= sinceMs) states.length = 0;
    states.push([...rows.values()]);
  }
  return states;
}

/**
 * S7: whether a refusal for want of units was true at some moment of the request, or as long before it as the
 * shop remembers.
 */
export function checkRefusal(
  world: World,
  request: { readonly startedAtMs: number; readonly skewMs: number; readonly memoryMs?: number },
  failed: { readonly itemId: string; readonly reason: string; readonly requested: number },
): void {
  const { itemId, reason, requested } = failed;
  if (reason !== "insufficient_stock" && reason !== "locked") return;
  const { startedAtMs, skewMs, memoryMs = 0 } = request;
  const states = statesSince(world, itemId, startedAtMs - memoryMs);
  const clockMs = startedAtMs + skewMs;
  const hadRoomAlways = states.every((images) => {
    const [stock] = images.filter((image) => !isFurther(image)) as unknown as [Stock];
    // What comes free is then for those in line, and the books of lines see to it that they get it.
    if (stock.hasLine) return false;
    if (reason !== "locked") return unitsToBeHad(images, clockMs) >= requested;
    return Object.entries(stock.due).every(
      ([key, quantity]) => quantity === 0 || bucketEndMs(key) <= clockMs,
    );
  });
  if (states.length > 0 && hadRoomAlways) {
    broken("S7", `${itemId}: ${requested} refused as ${reason} although there was room`);
  }
}
