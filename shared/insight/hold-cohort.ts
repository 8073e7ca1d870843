/** What became of the orders that were placed within an hour by one payment method: counts by age, no single order. */
import { groupBy } from "../base/group-by.ts";
import { epochMs, type EpochMs } from "../base/time.ts";
import type { ItemChange } from "../table/stream.ts";
import type { Row } from "../table/write.ts";
import {
  countDurations,
  emptyHistogram,
  type Histogram,
  mergeHistograms,
  sumCounts,
} from "./histogram.ts";
import type { Observed } from "./survival.ts";

/** Counts of an hour's orders, or what is to be added to them. */
export interface HoldCohort {
  readonly method: string;
  /** When the hour began in which they were placed. */
  readonly hourMs: EpochMs;
  readonly placed: number;
  /** Those whose money came, by their age then; also when that was too late. */
  readonly paid: Histogram;
  /** Those that ended without, by the age at which they did. */
  readonly unpaid: Histogram;
}

/** How long a cohort's orders are placed for. */
export const cohortMs = 3_600_000;

/** An order as its table's stream shows it, as far as this is about it. */
interface SeenOrder {
  readonly status: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
  readonly paymentMethod: string;
  readonly payment?: { readonly capturedAtMs?: number };
  readonly change?: { readonly atMs: number };
}

const ended: ReadonlySet<string> = new Set(["expired", "cancelled", "failed"]);

const isOpen = (order: SeenOrder | undefined): boolean => order?.status === "pending";

/** The age at which an order came to nothing; undefined for one that did not. */
function unpaidAge(order: SeenOrder | undefined): number | undefined {
  if (!order || !ended.has(order.status)) return undefined;
  // The sweep comes later than the deadline, at which nobody could pay any more.
  const endMs = order.status === "expired" ? order.expiresAtMs : order.change?.atMs;
  return (endMs ?? order.expiresAtMs) - order.createdAtMs;
}

function parseOrders(change: ItemChange): { before?: SeenOrder; after?: SeenOrder } {
  const { key, before, after } = change;
  if (typeof key["orderId"] !== "string" || Object.keys(key).length > 1) return {};
  const parse = (row: Row | undefined): SeenOrder | undefined =>
    row && typeof row["createdAtMs"] === "number" ? (row as unknown as SeenOrder) : undefined;
  const [was, is] = [parse(before), parse(after)];
  return { ...(was && { before: was }), ...(is && { after: is }) };
}

/**
 * What a change adds to the counts of its order's hour; undefined where that is nothing. Money that comes after the
 * order had ended takes back that it came to nothing. What costs nothing is not counted: it waits for no money.
 */
export function countHold(change: ItemChange): HoldCohort | undefined {
  const { before, after } = parseOrders(change);
  if (!after) return undefined;
  const { paymentMethod: method, createdAtMs } = after;
  const hourMs = epochMs(Math.floor(createdAtMs / cohortMs) * cohortMs);
  const cohort = { method, hourMs, placed: 0, paid: emptyHistogram, unpaid: emptyHistogram };
  if (!before) return isOpen(after) ? { ...cohort, placed: 1 } : undefined;
  const paidAtMs = before.payment?.capturedAtMs === undefined && after.payment?.capturedAtMs;
  if (paidAtMs) {
    const ageBefore = unpaidAge(before);
    const takenBack = countDurations(ageBefore === undefined ? [] : [ageBefore], -1);
    return { ...cohort, paid: countDurations([paidAtMs - createdAtMs]), unpaid: takenBack };
  }
  const age = isOpen(before) ? unpaidAge(after) : undefined;
  return age === undefined ? undefined : { ...cohort, unpaid: countDurations([age]) };
}

/** All counts together, one cohort for each method and hour. */
export function mergeCohorts(cohorts: readonly HoldCohort[]): HoldCohort[] {
  const groups = groupBy(cohorts, ({ method, hourMs }) => `${method}/${hourMs}`);
  return [...groups.values()].map((group) => ({
    ...group[0]!,
    placed: group.reduce((sum, { placed }) => sum + placed, 0),
    paid: mergeHistograms(group.map(({ paid }) => paid)),
    unpaid: mergeHistograms(group.map(({ unpaid }) => unpaid)),
  }));
}

/**
 * What cohorts show of the time until money comes. Orders that are still open were watched at least from the end of
 * their hour until now; the hour that is running is left out, because of its orders that cannot be said.
 */
export function observeHolds(cohorts: readonly HoldCohort[], nowMs: EpochMs): Observed {
  const over = cohorts.filter(({ hourMs }) => hourMs + cohortMs <= nowMs);
  const open = over.map(({ hourMs, placed, paid, unpaid }) => {
    const count = Math.max(0, placed - sumCounts(paid) - sumCounts(unpaid));
    return countDurations(count > 0 ? [nowMs - hourMs - cohortMs] : [], count);
  });
  return {
    events: mergeHistograms(over.map(({ paid }) => paid)),
    censored: mergeHistograms([...over.map(({ unpaid }) => unpaid), ...open]),
  };
}
