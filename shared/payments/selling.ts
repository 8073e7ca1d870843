/** Sells the lines of an order: what it holds, and what it has to take again because it came late. */
import { groupBy } from "../base/group-by.ts";
import type { ChangeNote } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import { LimitExceeded } from "../base/limit-exceeded.ts";
import { maxTakenOver, roomIn } from "../inventory/buckets.ts";
import { bucketEndMs, bucketKey } from "../inventory/deadline.ts";
import { sellWrite } from "../inventory/hold-store.ts";
import { transactOpening } from "../inventory/hot/opening.ts";
import { findUnits, type TakingOptions } from "../inventory/hot/finding.ts";
import { reclaimExpired } from "../inventory/room.ts";
import {
  isSpread,
  type Demand,
  type FailedItem,
  ItemsUnavailable,
  type Stock,
  whyRefused,
} from "../inventory/stock.ts";
import { parseStock } from "../inventory/stock-store.ts";
import { confirmWrite, listHoldings, type OrderHolding } from "../orders/holdings.ts";
import { type Allowance, checkAllowance, type Taken } from "../orders/allowance.ts";
import { keepAllowanceWrite, parseTaken, takeAllowanceWrite } from "../orders/allowance-store.ts";
import type { Order } from "../orders/order.ts";
import { type Refusal, TransactionRefused } from "../table/transaction.ts";
import { maxTransactionWrites, type Write } from "../table/write.ts";
import { findCeiling, isLate, NotForSale } from "./late-money.ts";

/** What selling is made of. */
export type SellingOptions = TakingOptions;

/** A sale: the order's own write, and the cart's where there is one, in the same transaction. */
export interface Sale {
  readonly order: Order;
  readonly orderWrite: Write;
  readonly cartWrites: readonly Write[];
  /** Of these and beside these, those without which nothing is sold: what the order was given is still given. */
  readonly needed: readonly Write[];
  readonly note: ChangeNote;
}

/** How many rivals may be faster at the units of a late order. */
const mostRivals = 20;

/** How an order gets units of one item from one row: it still holds them, or it takes them again. */
interface Part extends OrderHolding, Pick<Demand, "ceiling"> {
  readonly isHeld: boolean;
}

/** The first rows of items as refusals showed them, where expired holds may have to make room. */
type Rooms = Map<string, Stock>;

/** What is held was promised at its price; who comes late takes it again, at no higher one. */
function listParts({ order, note }: Sale): Part[] {
  const isHeld = order.status === "pending";
  const { pieces: _where, ...anywhere } = order;
  const holdings = listHoldings(isHeld ? order : anywhere, note);
  const mayBeDearer = order.isPricedElsewhere || !isLate(order, note.atMs);
  return holdings.map((holding) => {
    const ceiling = mayBeDearer ? undefined : findCeiling(order, holding.itemId);
    return { ...holding, ceiling, isHeld };
  });
}

const notForSale = (failed: readonly FailedItem[]): NotForSale =>
  new NotForSale(failed.some(({ reason }) => reason === "price_changed") ? "priceRose" : "soldOut");

/** What one sale works with. */
interface Selling {
  readonly options: SellingOptions;
  readonly sale: Sale;
  readonly rooms: Rooms;
}

function takeWrite({ options, rooms }: Selling, part: Part): Write {
  if (part.isHeld) return confirmWrite(part);
  const nowMs = options.clock();
  const stock = part.row === 0 ? rooms.get(part.itemId) : undefined;
  const { itemId, row, quantity, ceiling, orderId, note } = part;
  const room = stock && roomIn(stock, nowMs);
  return sellWrite({ itemId, row, quantity, ceiling, orderId, nowMs, room, note });
}

/** The units of an item that is sold from one row only, which the refusal has shown. */
function retakePlain({ options, sale: { order } }: Selling, part: Part, stock: Stock): Part {
  const { expiresAtMs } = part;
  const stillCounted = stock.reclaimedThroughMs < bucketEndMs(bucketKey(expiresAtMs));
  if (stillCounted && order.status === "pending") return { ...part, isHeld: true };
  const counted = { ...stock, holdPolicy: "counted" as const };
  const failed = whyRefused(part, counted, options.clock());
  if (failed) throw notForSale([failed]);
  return { ...part, isHeld: false };
}

/** The units of an item that is spread over rows, from wherever they are. */
async function retakeSpread(
  { options }: Selling,
  lost: readonly Part[],
  kept: readonly Part[],
): Promise<Part[]> {
  const [first] = lost as [Part];
  const quantity = lost.reduce((sum, part) => sum + part.quantity, 0);
  try {
    const { itemId, ceiling } = first;
    const found = await findUnits(options, { itemId, quantity, ceiling });
    const parts = found.map(({ row, quantity: own }) => ({
      ...first,
      row,
      quantity: own,
      isHeld: false,
    }));
    // DynamoDB takes one action an item: a row that confirms a part cannot sell another one.
    const isTwice = [...kept, ...parts].filter(({ row }) => row === 0).length > 1;
    if (isTwice) throw new NotForSale("soldOut");
    return [...kept, ...parts];
  } catch (error) {
    if (error instanceof ItemsUnavailable) throw notForSale(error.failedItems);
    throw error;
  }
}

/** The item as the refusal of its first row shows it, with room made where there is more than one write takes. */
async function noteRoom({ options, rooms }: Selling, found: Stock): Promise<Stock> {
  const isMore = roomIn(found, options.clock()).over.length === maxTakenOver;
  const stock = isMore ? await reclaimExpired(options, found) : found;
  rooms.set(stock.itemId, stock);
  return stock;
}

/** How to go on with one item: what was refused of it is taken again, as any buyer would take it. */
async function retake(
  selling: Selling,
  parts: readonly Part[],
  findRefusal: (part: Part) => Refusal | undefined,
): Promise<readonly Part[]> {
  const refused = parts.filter((part) => findRefusal(part));
  if (refused.length === 0) return parts;
  const own = refused.find(({ row }) => row === 0);
  const found = own && findRefusal(own)?.found;
  if (own && !found) throw new NotForSale("soldOut");
  const stock = found && (await noteRoom(selling, parseStock(found)));
  if (own && stock && parts.length === 1 && !isSpread(stock)) {
    return [retakePlain(selling, own, stock)];
  }
  const kept = parts.filter((part) => part.isHeld && !refused.includes(part));
  const lost = parts.filter((part) => !kept.includes(part));
  return retakeSpread(selling, lost, kept);
}

/** Units that are counted for the order's shopper: while it is open they are, late money counts them anew. */
interface Counted {
  readonly allowance: Allowance;
  readonly isCounted: boolean;
  readonly seen?: Taken;
}

function listCounted({ allowances = [], status }: Order): Counted[] {
  return allowances.map((allowance) => ({ allowance, isCounted: status === "pending" }));
}

function countWrite({ options, sale: { order } }: Selling, counted: Counted): Write {
  const { allowance, isCounted, seen } = counted;
  if (isCounted) return keepAllowanceWrite(order, allowance);
  const paid = { ...order, status: "paid" as const };
  return takeAllowanceWrite({ order: paid, allowance, nowMs: options.clock(), seen });
}

/** What was taken out as over is counted again, if the shop gives its shopper so many by now. */
function recounted({ options }: Selling, counted: Counted, refusal: Refusal | undefined): Counted {
  if (!refusal) return counted;
  const { allowance } = counted;
  const seen = parseTaken(refusal.found);
  try {
    checkAllowance(allowance, seen, options.clock());
  } catch (error) {
    if (error instanceof LimitExceeded) throw new NotForSale("soldOut");
    throw error;
  }
  return { allowance, isCounted: false, seen };
}

/** Makes `sell`. */
export function createSelling(options: SellingOptions) {
  const { database } = options;

  /**
   * Sells every line or none. What the order still holds becomes a sale, expired or not, because it
   * was given to nobody else; what was taken over is taken again, as any buyer would take it, and late
   * only where it costs no more than then. One
   * request while the order has its holds. That the order is as it was read, deadline included, is for
   * its own write to demand: the units are counted under that deadline.
   *
   * @throws NotForSale when some units cannot be had any more, or cost more, or what is needed was refused; nothing was changed
   * @throws TransactionRefused when the order's own write is refused; nothing was changed
   */
  return function sell(sale: Sale): Promise<void> {
    const { orderWrite, needed } = sale;
    const selling: Selling = { options, sale, rooms: new Map() };
    let parts: readonly Part[] = listParts(sale);
    let counted = listCounted(sale.order);
    let { cartWrites } = sale;
    return again(mostRivals, async () => {
      const writes = new Map(parts.map((part) => [part, takeWrite(selling, part)]));
      const counts = new Map(counted.map((each) => [each, countWrite(selling, each)]));
      try {
        const own = [...writes.values(), ...counts.values()];
        const all = [...new Set([orderWrite, ...own, ...needed, ...cartWrites])];
        // Its units are there, but in more rows than one transaction sells from.
        if (all.length > maxTransactionWrites) throw new NotForSale("soldOut");
        return await transactOpening(database, all);
      } catch (error) {
        if (!(error instanceof TransactionRefused) || error.of(orderWrite)) throw error;
        const refused = error;
        if (needed.some((write) => refused.of(write))) throw new NotForSale("priceRose");
        // A cart that was edited after its lock was over keeps what its owner put into it.
        cartWrites = cartWrites.filter((write) => !refused.of(write));
        counted = counted.map((each) => recounted(selling, each, refused.of(counts.get(each)!)));
        const byItem = [...groupBy(parts, ({ itemId }) => itemId).values()];
        const findRefusal = (part: Part): Refusal | undefined => refused.of(writes.get(part)!);
        const next = byItem.map((own) => retake(selling, own, findRefusal));
        parts = (await Promise.all(next)).flat();
        return new OnceMore();
      }
    });
  };
}
