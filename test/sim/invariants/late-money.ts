/** P3 and P8 of money that comes late: it buys for a while and at no higher price, and goes back otherwise. */
import { bucketEndMs, bucketKey } from "../../../shared/inventory/deadline.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { listDiscounts } from "../../../shared/payments/late-money.ts";
import { refundReasons } from "../../../shared/payments/refunds/refund.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";

/** Looks at every order at the moment at which its money settles it. */
export class LateMoneyBooks {
  readonly #world: World;
  readonly #lateMoneyMs: number;
  /** The most that an item ever cost. */
  readonly #highest = new Map<string, number>();
  /** The promotions that were ever other ones than at first. */
  readonly #changed = new Set<string>();

  constructor(world: World, lateMoneyMs: number) {
    this.#world = world;
    this.#lateMoneyMs = lateMoneyMs;
    world.observers.push(({ table, oldImage, newImage }) => {
      if (table === "Promotions" && oldImage) this.#changed.add(String(oldImage["code"]));
      if (table !== "Stock" || !newImage) return;
      const { itemId, amountMinor = 0 } = newImage as unknown as Stock;
      this.#highest.set(itemId, Math.max(amountMinor, this.#highest.get(itemId) ?? 0));
    });
  }

  /** `stocks` are the items as they are just before the same transaction sells any of them. */
  check(old: Order, next: Order, stocks: readonly Stock[]): void {
    const wasOpen = old.payment?.capturedAtMs === undefined;
    const capturedAtMs = next.payment?.capturedAtMs;
    if (!wasOpen || capturedAtMs === undefined) return;
    const isTooLate = capturedAtMs >= old.expiresAtMs + this.#lateMoneyMs;
    const { skewMs = 0 } = this.#world.options;
    if (capturedAtMs > this.#world.nowMs + skewMs)
      this.#broken("P3", old, "was paid in the future");
    if (next.status === "paid") {
      if (isTooLate) this.#broken("P3", old, "was bought by money that came too late");
      const isDear = old.status !== "pending" && capturedAtMs >= (old.discountsEndAtMs ?? Infinity);
      if (isDear) this.#broken("P8", old, "was bought with a discount that was over");
      if (old.status !== "pending") this.#checkDiscounts(old);
      // Whoever is in time has the price that was promised, also where a clock ahead took the units.
      if (old.status !== "pending" || capturedAtMs >= old.expiresAtMs)
        this.#checkPrices(old, stocks);
      return;
    }
    const reasons = Object.values(next.payment?.refunds ?? {}).map(({ reason }) => reason);
    if (
      reasons.includes(refundReasons.tooLate) !== isTooLate &&
      !reasons.includes(refundReasons.mismatch)
    ) {
      this.#broken("P3", old, `goes back for another reason: ${reasons.join()}`);
    }
    // What its cart was given may be somewhere else by now; only who is in time has it all the same.
    const mayBeWithoutGift =
      (old.cart?.conditions ?? []).length > 0 &&
      (old.status !== "pending" || capturedAtMs >= old.expiresAtMs);
    const mayBeDearer =
      mayBeWithoutGift ||
      (old.status !== "pending" &&
        listDiscounts(old).some(({ code }) => this.#changed.has(code))) ||
      (old.status !== "pending" && capturedAtMs >= (old.discountsEndAtMs ?? Infinity)) ||
      old.lines.some(
        ({ itemId, unitPriceMinor }) => (this.#highest.get(itemId) ?? 0) > unitPriceMinor,
      );
    if (reasons.includes(refundReasons.priceRose) && !mayBeDearer) {
      this.#broken("P3", old, "goes back though nothing ever cost more");
    }
  }

  /** What it was given by code is given to everybody else, too. */
  #checkDiscounts(old: Order): void {
    const promotions = [...this.#world.engine.table("Promotions").items()];
    for (const { code, automatic, value } of listDiscounts(old)) {
      if (automatic) continue;
      const found = promotions.find((each) => each["code"] === code);
      const isGiven = found?.["active"] === true && found["value"] === value;
      if (!isGiven) this.#broken("P8", old, `was bought with ${code}, which is given no more`);
    }
  }

  /** What the order had to take anew costs no more than it was told to pay. */
  #checkPrices(old: Order, stocks: readonly Stock[]): void {
    for (const { itemId, unitPriceMinor } of old.lines) {
      const stock = stocks.find((each) => each.itemId === itemId);
      if (!stock) continue;
      const isInFirst = old.pieces?.[itemId] === undefined;
      const isTaken = stock.reclaimedThroughMs >= bucketEndMs(bucketKey(old.expiresAtMs));
      const isAnew = old.status !== "pending" || (isInFirst && isTaken);
      if (isAnew && stock.amountMinor > unitPriceMinor) {
        this.#broken("P8", old, `was bought late at ${unitPriceMinor}, ${itemId} costs more`);
      }
    }
  }

  #broken(invariant: string, { orderId, status }: Order, detail: string): never {
    throw new InvariantBroken(invariant, `${orderId} (${status}) ${detail}`);
  }
}
