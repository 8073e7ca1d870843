/**
 * The books of the simulated shop: they look at every change as it happens and at the whole after every
 * request, and say which promise of the design is broken. They read the database, never the product.
 */
import type { Stock } from "../../../shared/inventory/stock.ts";
import { nextStatuses, type Order, type OrderStatus } from "../../../shared/orders/order.ts";
import type { Item } from "../engine/values.ts";
import { areEqual } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";

function broken(invariant: string, detail: string): never {
  throw new InvariantBroken(invariant, detail);
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}

/** Units of each item that an order is about. */
export function demandOf(order: Order): Map<string, number> {
  const demand = new Map<string, number>();
  for (const { itemId, quantity } of order.lines) {
    demand.set(itemId, (demand.get(itemId) ?? 0) + quantity);
  }
  return demand;
}

const contentsPattern = /^(line|quantity|condition|metadata|currency):|^(lineKeys|conditionKeys)$/;

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

export class ShopBooks {
  readonly #world: World;
  readonly #skewMs: number;
  #movements: Commit[] = [];
  #frozen: { cartId: string; lock: Lock }[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#skewMs = world.options.skewMs ?? 0;
    world.observers.push((commit) => this.#observe(commit));
    world.watchers.push(() => this.checkAll());
  }

  orders(): Order[] {
    return this.#world.engine.table("Orders").items() as unknown as Order[];
  }

  stocks(): Stock[] {
    return this.#world.engine.table("Stock").items() as unknown as Stock[];
  }

  #observe(commit: Commit): void {
    if (commit.table === "Stock") this.#stockChange(commit);
    if (commit.table === "Orders") this.#orderChange(commit);
    if (commit.table === "Carts") this.#cartChange(commit);
    if (commit.table === "Movements" && !commit.oldImage) this.#movements.push(commit);
  }

  /** S1 and S2 inside the one item, at every change. */
  #stockChange({ newImage }: Commit): void {
    const stock = newImage as unknown as Stock;
    const held = sum(Object.values(stock.holds).map(({ quantity }) => quantity));
    const units = stock.available + held + stock.sold;
    if (units !== stock.received + stock.adjusted) {
      broken("S1", `${stock.itemId}: ${units} units of ${stock.received + stock.adjusted}`);
    }
    if (stock.available < 0 || stock.sold < 0) {
      broken("S2", `${stock.itemId}: available ${stock.available}, sold ${stock.sold}`);
    }
    const live = Object.values(stock.holds).filter(
      ({ expiresAtMs }) => expiresAtMs > this.#world.nowMs + this.#skewMs,
    );
    if (stock.holdPolicy === "exclusive" && live.length > 1) {
      broken("S2", `${stock.itemId} is exclusive and has ${live.length} live holds`);
    }
  }

  /** P5 and P2 at every change of an order. */
  #orderChange({ oldImage, newImage }: Commit): void {
    const [old, next] = [oldImage, newImage] as unknown as [Order | undefined, Order];
    const { orderId, status, totalMinor, payment } = next;
    if (old && !mayFollow(old.status, status)) {
      broken("P5", `${orderId} went from ${old.status} to ${status}`);
    }
    if (old && (old.totalMinor !== totalMinor || !areEqual(linesOf(old), linesOf(next)))) {
      broken("P2", `${orderId}: total or lines changed`);
    }
    if (status === "paid" && payment?.capturedMinor !== totalMinor) {
      broken("P2", `${orderId}: captured ${payment?.capturedMinor} for ${totalMinor}`);
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

  /** Everything that must hold between any two requests. */
  checkAll(): void {
    const orders = this.orders();
    const stocks = new Map(this.stocks().map((stock) => [stock.itemId, stock]));
    this.#checkFrozen(orders);
    this.#checkMovements(stocks);
    for (const order of orders) this.#checkHolds(order, stocks);
    for (const stock of stocks.values()) this.#checkSold(stock, orders);
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
      for (const name of ["available", "sold", "received", "adjusted"]) {
        if (levels && levels[name] !== stock[name]) {
          broken("I1", `a movement tells ${name} ${levels[name]}, it is ${stock[name]}`);
        }
      }
    }
    this.#movements = [];
  }

  /** S3 and S5: all lines or none while it is pending, none afterwards. */
  #checkHolds(order: Order, stocks: ReadonlyMap<string, Stock>): void {
    const { orderId, status, expiresAtMs } = order;
    const isLive = status === "pending" && expiresAtMs > this.#world.nowMs + 2 * this.#skewMs;
    for (const [itemId, quantity] of demandOf(order)) {
      const hold = stocks.get(itemId)?.holds[orderId];
      if (isLive && (hold?.quantity !== quantity || hold.expiresAtMs !== expiresAtMs)) {
        broken("S5", `${orderId} holds ${JSON.stringify(hold)} of ${itemId}, not ${quantity}`);
      }
      if (hold && status !== "pending") broken("S3", `${orderId} is ${status} and holds ${itemId}`);
    }
  }

  /** S2, S4 and S6: what is sold is what paid orders and the ledger's own sales have taken. */
  #checkSold({ itemId, sold, holds }: Stock, orders: readonly Order[]): void {
    const bought = sum(
      orders.map((order) => (order.status === "paid" ? (demandOf(order).get(itemId) ?? 0) : 0)),
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
    for (const orderId of Object.keys(holds)) {
      if (!orders.some((order) => order.orderId === orderId)) {
        broken("S5", `${itemId} is held for ${orderId}, which is no order`);
      }
    }
  }
}

function linesOf({ lines }: Order): Item[] {
  return lines as unknown as Item[];
}

/** S7: whether a refusal for want of units was true at some moment of the request. */
export function checkRefusal(
  world: World,
  request: { readonly startedAtMs: number; readonly skewMs: number },
  failed: { readonly itemId: string; readonly reason: string; readonly requested: number },
): void {
  const { itemId, reason, requested } = failed;
  if (reason !== "insufficient_stock" && reason !== "locked") return;
  const all = world.commits.filter(
    ({ table, newImage }) => table === "Stock" && newImage?.["itemId"] === itemId,
  );
  const before = all.findLast(({ atMs }) => atMs <= request.startedAtMs);
  const during = all.filter(({ atMs }) => atMs > request.startedAtMs);
  const states = [before, ...during].flatMap((commit) =>
    commit?.newImage ? [commit.newImage] : [],
  );
  const clockMs = request.startedAtMs + request.skewMs;
  const hadRoomAlways = states.every((image) => {
    const stock = image as unknown as Stock;
    const live = Object.values(stock.holds).filter(({ expiresAtMs }) => expiresAtMs > clockMs);
    if (reason === "locked") return live.length === 0;
    const total = stock.received + stock.adjusted - stock.sold;
    return total - sum(live.map(({ quantity }) => quantity)) >= requested;
  });
  if (states.length > 0 && hadRoomAlways) {
    broken("S7", `${itemId}: ${requested} refused as ${reason} although there was room`);
  }
}
