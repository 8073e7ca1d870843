/** B2: no shopper has more orders open than the shop allows, and nobody is refused who has fewer. */
import { isAllowanceId } from "../../../shared/orders/allowance-store.ts";
import type { ShopperLimits } from "../../../shared/orders/shopper.ts";
import { type Order, resolvePlacer } from "../../../shared/orders/order.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";

interface Span {
  readonly userId: string;
  readonly fromMs: number;
  toMs: number;
  /** When it came to nothing by its shopper's doing (0: by another's), or was paid for. */
  unpaidAtMs?: number;
  paidAtMs?: number;
}

/** What became of an order that is open no more; what an administrator ends counts for nothing. */
function endSpan(span: Span, { status, change, userId }: OrderRow, atMs: number): void {
  const isInVain = status === "expired" || status === "failed" || change.actor === userId;
  if (status !== "expired" && status !== "failed" && status !== "cancelled") span.paidAtMs ??= atMs;
  else span.unpaidAtMs ??= isInVain ? span.toMs : 0;
}

type OrderRow = Order & { readonly change: { readonly actor: string } };

/** Looks at orders and at the rows that count them; reads the database, never the product. */
export class OpenOrderBooks {
  readonly #world: World;
  readonly #limits: ShopperLimits;
  readonly #skewMs: number;
  /** When each order was open, by what was written about it. */
  readonly #spans = new Map<string, Span>();

  constructor(world: World, limits: ShopperLimits) {
    this.#world = world;
    this.#limits = limits;
    this.#skewMs = world.options.skewMs ?? 0;
    world.observers.push((commit) => this.#observe(commit));
    world.watchers.push((changed) => {
      if (changed.has("Shoppers") || changed.has("Orders")) this.#checkEntries();
    });
  }

  #observe({ table, newImage, atMs }: Commit): void {
    if (table === "Orders" && newImage) this.#orderChange(newImage as unknown as OrderRow, atMs);
    if (table !== "Shoppers" || !newImage || isAllowanceId(String(newImage["shopperId"]))) return;
    const entries = Object.keys(newImage).filter((name) => name.startsWith("order:"));
    if (newImage["open"] === entries.length) return;
    const { shopperId, open } = newImage;
    throw new InvariantBroken("B2", `${shopperId}: ${open} open, ${entries.length} named`);
  }

  #orderChange(row: OrderRow, atMs: number): void {
    const { orderId, status, expiresAtMs, isCounted } = row;
    // What costs nothing is never open.
    if (!isCounted && !this.#spans.has(orderId)) return;
    const userId = resolvePlacer(row);
    const known = this.#spans.get(orderId);
    const toMs = status === "pending" ? expiresAtMs : Math.min(atMs, known?.toMs ?? atMs);
    if (known) known.toMs = toMs;
    const { maxOpenOrders } = this.#limits;
    if (known && status !== "pending") endSpan(known, row, atMs);
    if (!known && maxOpenOrders > 0) this.#checkPause(userId, atMs);
    if (!known) this.#spans.set(orderId, { userId, fromMs: atMs, toMs });
    if (status !== "pending" || maxOpenOrders === 0) return;
    const open = this.#countOpen(userId, atMs + this.#skewMs, atMs + this.#skewMs);
    if (open > maxOpenOrders) throw new InvariantBroken("B2", `${userId} has ${open} orders open`);
  }

  /** Nobody orders who has let so many orders in a row come to nothing, and not waited; whatever any clock says. */
  #checkPause(userId: string, atMs: number): void {
    const { maxUnpaidOrders, unpaidPauseMs } = this.#limits;
    if (maxUnpaidOrders === 0) return;
    const own = [...this.#spans.values()].filter((span) => span.userId === userId);
    const paidAtMs = Math.max(0, ...own.map((span) => span.paidAtMs ?? 0));
    const inVain = own
      .map(({ unpaidAtMs, toMs, paidAtMs: isPaid }) => unpaidAtMs ?? (isPaid ? 0 : toMs))
      .filter((endedAtMs) => endedAtMs > paidAtMs && endedAtMs <= atMs - this.#skewMs);
    const untilMs = Math.max(0, ...inVain) + unpaidPauseMs;
    if (inVain.length < maxUnpaidOrders || untilMs <= atMs + 2 * this.#skewMs) return;
    throw new InvariantBroken("B2", `${userId} did not wait after ${inVain.length} orders in vain`);
  }

  /** Orders of a user that were open at some time of this span; all have begun before it ends. */
  #countOpen(userId: string, fromMs: number, toMs: number): number {
    const own = [...this.#spans.values()].filter((span) => span.userId === userId);
    return own.filter((span) => span.fromMs <= toMs && span.toMs > fromMs).length;
  }

  /** Whoever is refused another order had as many as the limit, going by the clock that refused it. */
  checkRefusal(userId: string, startedAtMs: number): void {
    const toMs = this.#world.nowMs;
    const open = this.#countOpen(userId, startedAtMs - this.#skewMs, toMs);
    if (open >= this.#limits.maxOpenOrders) return;
    throw new InvariantBroken("B2", `${userId} was refused with ${open} orders open`);
  }

  /** Every open order that is counted stands in its shopper's row, under its present deadline. */
  #checkEntries(): void {
    const { engine, nowMs } = this.#world;
    const rows = engine.table("Shoppers").items();
    const byId = new Map(rows.map((row) => [row["shopperId"], row]));
    for (const row of engine.table("Orders").items()) {
      const { orderId, status, expiresAtMs, isCounted, ...whose } = row as unknown as Order;
      const isOpen = status === "pending" && expiresAtMs > nowMs + this.#skewMs;
      if (!isOpen || !isCounted) continue;
      if (byId.get(resolvePlacer(whose))?.[`order:${orderId}`] === expiresAtMs) continue;
      throw new InvariantBroken("B2", `${orderId} is open and not counted`);
    }
  }
}
