/**
 * What a campaign promises: a code is used no more often than the shop says, nobody gets more of an item than the
 * shop gives to one, what is withdrawn is not sold, a claim is used once, and an order costs what items, promotions
 * and administrators' conditions come to. Looks at the database, never at what the product says of itself.
 */
import type { Cart } from "../../../shared/carts/model/cart.ts";
import { parseCart } from "../../../shared/carts/storage/cart-row.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import { isAllowanceId, parseTaken } from "../../../shared/orders/allowance-store.ts";
import { type Order, resolvePlacer, sumDemand } from "../../../shared/orders/order.ts";
import type { Promotion } from "../../../shared/promotions/promotion.ts";
import type { Item } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";
import { recomputedTogether } from "./prices.ts";

function broken(invariant: string, message: string): never {
  throw new InvariantBroken(invariant, message);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((all, each) => all + each, 0);
const cartOf = (row: Item | undefined): Cart =>
  parseCart(String(row?.["cartId"]), row as Parameters<typeof parseCart>[1]);
const actionOf = (row: Item | undefined) =>
  (row?.["change"] ?? {}) as { action?: string; atMs?: number };

/** How often an order has used a code. */
function usesOf({ adjustments = [] }: Order, code: string): number {
  return adjustments.filter((each) => each.code === code && !each.automatic).length;
}

/** Whether a named cart was ordered, alone with a code in it or with lines. */
function isWanted({ cart }: Order, instance: string): boolean {
  const { instances = [], codes = [] } = cart ?? {};
  return instances.includes(instance) || codes.some((each) => each.instance === instance);
}

/** Units by instance and line. */
function quantitiesIn(cart: Cart): Map<string, number> {
  const lines = [...cart.instances.values()].flatMap(({ instance, lines: own }) =>
    own.map(({ lineId, quantity }) => [`${instance}:${lineId}`, quantity] as const),
  );
  return new Map(lines);
}

export class CampaignBooks {
  readonly #world: World;
  readonly #skewMs: number;
  /** Orders that were ever paid: what they have counts for good. */
  readonly #paid = new Set<string>();
  #claimed: Commit[] = [];

  constructor(world: World) {
    this.#world = world;
    this.#skewMs = world.options.skewMs ?? 0;
    world.observers.push((commit) => this.#observe(commit));
    world.watchers.push((changed) => this.#watch(changed));
  }

  #orders(): Order[] {
    return this.#world.engine.table("Orders").items() as unknown as Order[];
  }

  #promotion(code: string): Promotion | undefined {
    const row = this.#world.engine.table("Promotions").get({ code });
    return row && ({ ...row } as unknown as Promotion);
  }

  #stock(itemId: string): Stock | undefined {
    const row = this.#world.engine.table("Stock").get({ itemId, shard: 0 });
    return row as unknown as Stock | undefined;
  }

  #observe(commit: Commit): void {
    const { table, oldImage, newImage } = commit;
    if (table === "Orders" && newImage) {
      this.#orderChange(newImage as unknown as Order, oldImage as unknown as Order | undefined);
    }
    if (table === "Orders" && oldImage && newImage) this.#checkOwner(newImage, oldImage);
    if (table === "Stock" && newImage) this.#checkOnSale(newImage);
    if (table === "Carts" && actionOf(newImage).action === "cart.claimed") {
      this.#claimed.push(commit);
    }
  }

  #orderChange(order: Order, old: Order | undefined): void {
    if (order.status === "paid") this.#paid.add(order.orderId);
    if (!old) {
      this.#checkPrice(order);
      this.#checkItemLimits(order);
    }
    const isTaken = !old || (order.status === "paid" && old.status !== "paid");
    if (isTaken) this.#checkCounts(order);
  }

  /** Whether what an order has counts by every clock. */
  #counts({ orderId, status, expiresAtMs }: Order): boolean {
    if (this.#paid.has(orderId)) return true;
    return status === "pending" && expiresAtMs > this.#world.nowMs + this.#skewMs;
  }

  /** B2: codes are used, and limited items had, no more often than the shop says. */
  #checkCounts(order: Order): void {
    const counting = this.#orders().filter((each) => this.#counts(each));
    const own = counting.filter((each) => resolvePlacer(each) === resolvePlacer(order));
    for (const { code, automatic } of order.adjustments ?? []) {
      if (code === undefined || automatic) continue;
      const { maxUses = Infinity, maxUsesPerShopper = Infinity } = this.#promotion(code) ?? {};
      const [all, mine] = [counting, own].map((each) => sum(each.map((one) => usesOf(one, code))));
      if (all! > maxUses) broken("B2", `${code} is used ${all} times of ${maxUses}`);
      if (mine! > maxUsesPerShopper) broken("B2", `${order.userId} used ${code} ${mine} times`);
    }
    for (const { itemId, perShopper } of order.allowances ?? []) {
      const units = this.#unitsOf(own, itemId);
      if (units > perShopper) {
        broken("B2", `${order.userId} has ${units} of ${itemId}, of ${perShopper}`);
      }
    }
  }

  #unitsOf(orders: readonly Order[], itemId: string): number {
    const all = orders.flatMap(({ allowances = [] }) => allowances);
    return sum(all.filter((each) => each.itemId === itemId).map(({ quantity }) => quantity));
  }

  /** The limits of an item that is sold from one row are those of the very transaction. */
  #checkItemLimits({ orderId, lines, pieces, allowances = [] }: Order): void {
    for (const { itemId, quantity } of sumDemand(lines)) {
      if (pieces?.[itemId]) continue;
      const { perOrder = Infinity, perShopper } = this.#stock(itemId) ?? {};
      if (quantity > perOrder) broken("B2", `${orderId} has ${quantity} of ${itemId}`);
      const counted = allowances.find((each) => each.itemId === itemId);
      if (counted?.perShopper !== perShopper || (counted && counted.quantity !== quantity)) {
        broken("B2", `${orderId} counts ${itemId} by ${counted?.perShopper}, not ${perShopper}`);
      }
    }
  }

  /** Nothing is taken from a row that is withdrawn, or whose sale has not begun or is over. */
  #checkOnSale(row: Item): void {
    const { action = "", atMs = 0 } = actionOf(row);
    if (action !== "hold.placed" && action !== "item.paid") return;
    const {
      itemId,
      archivedAtMs,
      saleStartsAtMs = 0,
      saleEndsAtMs = Infinity,
    } = row as unknown as Stock;
    if (archivedAtMs !== undefined) broken("S2", `${itemId} was sold though withdrawn`);
    if (atMs < saleStartsAtMs || atMs >= saleEndsAtMs) broken("S2", `${itemId} was not on sale`);
  }

  /** P8: an order costs what its items, the shop's promotions and its conditions come to. */
  #checkPrice(order: Order): void {
    const { orderId, cart, createdAtMs, totalMinor } = order;
    const stocks = this.#world.engine.table("Stock").items();
    const prices = new Map(
      stocks.map((stock) => [String(stock["itemId"]), Number(stock["amountMinor"])]),
    );
    const row = cart && this.#world.engine.table("Carts").get({ cartId: cart.cartId });
    const ordered = row
      ? [...cartOf(row).instances.values()].filter(({ instance }) => isWanted(order, instance))
      : [{ lines: order.lines, conditions: [], codes: [] }];
    const lists = sum(
      ordered.flatMap(({ lines }) =>
        lines.map(({ itemId, quantity }) => prices.get(itemId)! * quantity),
      ),
    );
    const codes = new Set(ordered.flatMap((each) => (each.codes ?? []).map(({ code }) => code)));
    const accepted = [...codes].map((code) => {
      const each = this.#promotion(code);
      if (each && isDue(each, createdAtMs, lists)) return each;
      return broken("CODE", `${orderId} was placed with a code that does not apply`);
    });
    const isAlone = accepted.some(({ combinable }) => !combinable);
    if (isAlone && accepted.length > 1) broken("CODE", `${orderId} has codes that do not combine`);
    const automatic = this.#automatic().filter((each) => isDue(each, createdAtMs, lists));
    const total = recomputedTogether(ordered, [...automatic, ...accepted], prices);
    if (BigInt(totalMinor) !== total) broken("P8", `${orderId} costs ${totalMinor}, not ${total}`);
  }

  #automatic(): Promotion[] {
    const rows = this.#world.engine.table("Promotions").items() as unknown as Promotion[];
    return rows.filter(({ code, automatic }) => automatic && !code.includes("#"));
  }

  #watch(changed: ReadonlySet<string>): void {
    if (changed.has("Shoppers") || changed.has("Orders")) this.#checkAllowances();
    this.#checkClaim();
  }

  /** What is counted of an item for a shopper is what their open and paid orders have, no more and no less. */
  #checkAllowances(): void {
    const orders = new Map(this.#orders().map((order) => [order.orderId, order]));
    const named = new Set<string>();
    for (const row of this.#world.engine.table("Shoppers").items()) {
      const shopperId = String(row["shopperId"]);
      if (!isAllowanceId(shopperId)) continue;
      const [, itemId = "", userId] = shopperId.split("\u001f");
      const taken = parseTaken(row);
      for (const [orderId, { untilMs }] of taken.open) {
        const order = orders.get(orderId);
        if (order?.status !== "pending" || order.expiresAtMs !== untilMs) {
          broken("B2", `${orderId} is ${order?.status} and counted until ${untilMs}`);
        }
        named.add(`${orderId} ${itemId}`);
      }
      const paid = [...orders.values()].filter(
        (order) => resolvePlacer(order) === userId && this.#paid.has(order.orderId),
      );
      const open = sum([...taken.open.values()].map(({ units }) => units));
      const expected = open + this.#unitsOf(paid, itemId);
      if (taken.units !== expected) {
        broken("B2", `${userId} is said to have ${taken.units} of ${itemId}, not ${expected}`);
      }
    }
    for (const order of orders.values()) {
      if (order.status !== "pending" || !this.#counts(order)) continue;
      for (const { itemId } of order.allowances ?? []) {
        if (!named.has(`${order.orderId} ${itemId}`))
          broken("B2", `${order.orderId} is not counted`);
      }
    }
  }

  /** An order goes to somebody else by a claim that its owner made, in time, and once; who placed it stays the same. */
  #checkOwner(row: Item, before: Item): void {
    const [now, old] = [row as unknown as Order, before as unknown as Order];
    if (now.userId === old.userId) return;
    const isInTime = (old.claim?.untilMs ?? 0) > actionOf(row).atMs!;
    const isUsed = now.claim === undefined && now.claimedWith === old.claim?.digest;
    if (!isInTime || !isUsed) broken("I1", `${now.orderId} went to ${now.userId} by no claim`);
    if (resolvePlacer(now) !== resolvePlacer(old))
      broken("B2", `${now.orderId} counts for ${now.placedBy}`);
  }

  /** A claim moves a whole cart, in one transaction, to one other. */
  #checkClaim(): void {
    const commits = this.#claimed.splice(0);
    if (commits.length === 0) return;
    const claim = commits.find(({ newImage }) => newImage?.["sourceCartId"] !== undefined);
    if (!claim) broken("I1", "a cart was claimed by no claim");
    const { sourceCartId, usedBy, untilMs } = claim.newImage!;
    if (claim.oldImage?.["usedBy"] !== undefined)
      broken("I1", `a claim was used again by ${usedBy}`);
    if (Number(untilMs) <= actionOf(claim.newImage).atMs!)
      broken("I1", "a claim was used too late");
    const find = (cartId: unknown) => commits.find(({ key }) => key["cartId"] === cartId);
    const [source, target] = [find(sourceCartId), find(usedBy)];
    if (!source || !target) broken("I1", "half of a claim was done");
    if (cartOf(source.newImage).instances.size > 0) broken("I1", "a claimed cart keeps its lines");
    const [mine, theirs] = [target, source].map(({ oldImage }) => quantitiesIn(cartOf(oldImage)));
    const merged = quantitiesIn(cartOf(target.newImage));
    for (const name of new Set([...mine!.keys(), ...theirs!.keys(), ...merged.keys()])) {
      const expected = (mine!.get(name) ?? 0) + (theirs!.get(name) ?? 0);
      if (merged.get(name) !== expected)
        broken("I1", `claimed, there are ${merged.get(name)} ${name}`);
    }
  }

  /** At rest the uses of each code are those of the orders that were paid with it. */
  checkAtRest(codes: readonly string[]): void {
    const paid = this.#orders().filter(({ orderId }) => this.#paid.has(orderId));
    for (const code of codes) {
      const { usesId, maxUses } = this.#promotion(code)!;
      if (maxUses === undefined) continue;
      const { sold, held, available } = this.#stock(usesId)!;
      const used = sum(paid.map((order) => usesOf(order, code)));
      if (sold !== used || held !== 0 || available !== maxUses - used) {
        broken("B2", `${code}: ${sold} used and ${held} held, ${used} orders were paid with it`);
      }
    }
  }
}

function isDue(promotion: Promotion, nowMs: number, subtotalMinor: number): boolean {
  const { active, startsAtMs = 0, endsAtMs = Infinity, minSubtotalMinor = 0 } = promotion;
  return active && startsAtMs <= nowMs && nowMs < endsAtMs && subtotalMinor >= minSubtotalMinor;
}
