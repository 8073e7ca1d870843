/** What an item's row has to say, given what the orders say: pure, and the law `available + held + sold` stays true in it. */
import type { Stock } from "../../shared/inventory/stock.ts";
import { type Claim, stillCounts } from "./claims.ts";

/** What all orders and the ledger's own entries say of one item together. */
export interface Wanted {
  sold: number;
  readonly claims: Claim[];
}

/** What a row is to say instead. */
export interface Plan {
  readonly levels: Pick<Stock, "available" | "held" | "sold" | "due">;
  /** Holds for which there are no units: their orders have to end. */
  readonly lost: readonly Claim[];
  /** Units that were sold and are not there. */
  readonly short: number;
}

function sumBuckets(claims: readonly Claim[]): Record<string, number> {
  const due: Record<string, number> = {};
  for (const { bucket, quantity } of claims) due[bucket] = (due[bucket] ?? 0) + quantity;
  return due;
}

/** Who came first keeps what is there. */
function share(claims: readonly Claim[], units: number) {
  const byAge = claims.toSorted(
    (one, other) =>
      one.order.createdAtMs - other.order.createdAtMs ||
      (one.order.orderId < other.order.orderId ? -1 : 1),
  );
  const [kept, lost]: [Claim[], Claim[]] = [[], []];
  let left = units;
  for (const claim of byAge) {
    const fits = claim.quantity <= left;
    (fits ? kept : lost).push(claim);
    if (fits) left -= claim.quantity;
  }
  return { kept, lost };
}

/**
 * What is wrong with a row and how it becomes right; undefined where orders and row agree. A row may count more as held
 * than orders hold: what ended by time, or is kept for those in line, ends there by itself.
 */
export function planRow(stock: Stock, { sold: wanted, claims: all }: Wanted): Plan | undefined {
  const { sold, due, received, adjusted, reclaimedThroughMs } = stock;
  const claims = all.filter((claim) => stillCounts(claim, reclaimedThroughMs));
  const needed = Object.entries(sumBuckets(claims));
  const isHeld = needed.every(([bucket, quantity]) => (due[bucket] ?? 0) >= quantity);
  if (sold === wanted && isHeld) return undefined;
  const units = received + adjusted;
  const { kept, lost } = share(claims, units - wanted);
  const nextDue = sumBuckets(kept);
  const held = Object.values(nextDue).reduce((sum, quantity) => sum + quantity, 0);
  // Below zero where more was sold than there is: then nobody buys, and what comes back fills it up first.
  const levels = { available: units - wanted - held, held, sold: wanted, due: nextDue };
  return { levels, lost, short: Math.max(0, wanted - units) };
}
