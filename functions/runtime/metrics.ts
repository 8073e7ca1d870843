/** Business metrics in CloudWatch's embedded format: lines in the log, no request, nothing to wait for. */
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";
import type { AuditAction } from "../../shared/base/audit-action.ts";
import type { HoldfastError } from "../../shared/base/errors.ts";
import type { PostCounts } from "../../shared/live/posting-service.ts";
import { runtime } from "./env.ts";
import type { Meter } from "../../shared/table/operation.ts";

/** What is counted of the audit trail; each name is a metric under the namespace of the stack. */
const countedActions: Readonly<Partial<Record<AuditAction, string>>> = {
  "hold.placed": "HoldsPlaced",
  "hold.sold": "HoldsSold",
  "hold.released": "HoldsReleased",
  "hold.expired": "HoldsExpired",
  "hold.reclaimed": "HoldsReclaimedInline",
  "lock.acquired": "LocksAcquired",
  "lock.forced": "LocksForced",
  "lock.expired": "LocksExpired",
  "order.placed": "OrdersPlaced",
  "order.paid": "OrdersPaid",
  "order.failed": "OrdersFailed",
  "order.cancelled": "OrdersCancelled",
  "order.expired": "OrdersExpired",
  "order.refund_due": "OrdersRefundDue",
  "order.refunded": "OrdersRefunded",
};

/** What is counted of refusals, by their code. */
const countedRefusals: Readonly<Record<string, string>> = {
  ITEMS_UNAVAILABLE: "HoldsRefused",
  LOCK_HELD: "LocksRefused",
  LOCK_TIMEOUT: "LockTimeouts",
  LOCK_NOT_OWNED: "LocksLost",
  CART_LOCKED: "CartEditsRefused",
  TRY_AGAIN: "TriedInVain",
  BAD_SIGNATURE: "BadSignatures",
  PAYMENT_PROVIDER_ERROR: "ProviderFailures",
};

type Values = Readonly<Record<string, readonly [value: number, unit: keyof typeof MetricUnit]>>;

/**
 * Writes several values down as one line. `about` is no dimension, which would be a metric of its own
 * for each route or caller and cost so, but fields of the line that Logs Insights can group by.
 */
function write(values: Values, about: Readonly<Record<string, string>> = {}): void {
  const metrics = new Metrics();
  for (const [name, value] of Object.entries(about)) metrics.addMetadata(name, value);
  for (const [name, [value, unit]] of Object.entries(values)) {
    metrics.addMetric(name, MetricUnit[unit], value);
  }
  if (Object.keys(values).length > 0) metrics.publishStoredMetrics();
}

/** Counts things that the audit trail told, by their action. */
export function countActions(actions: readonly AuditAction[]): void {
  const counts = Object.entries(countedActions).flatMap(([action, name]) => {
    const times = actions.filter((each) => each === action).length;
    return times > 0 ? [[name, [times, "Count"]] as const] : [];
  });
  write(Object.fromEntries(counts));
}

/** Counts a refusal; one of an order counts every line that could not be had. */
export function countRefusal({ code, fields }: HoldfastError): void {
  const name = countedRefusals[code];
  const lines = fields["failedItems"];
  const times = Array.isArray(lines) ? Math.max(1, lines.length) : 1;
  if (name) write({ [name]: [times, "Count"] });
  if (fields["reason"] === "circuit_open") write({ CircuitOpen: [1, "Count"] });
}

/** Counts a request without a valid token, or without the right, and says whose: a field, as above. */
export function countDenial(status: 401 | 403, sub: string): void {
  const name = status === 401 ? "Unauthenticated" : "Forbidden";
  write({ [name]: [1, "Count"] }, { sub });
}

/**
 * Counts errors that nobody meant: faults of ours, whatever answer they became. A published version counts them under
 * its own name, too: while it is new that takes it back.
 */
export function countUnmeant(times = 1): void {
  if (times === 0) return;
  write({ UnmeantErrors: [times, "Count"] });
  const { functionName: FunctionName, version: ExecutedVersion } = runtime;
  if (!/^\d+$/.test(ExecutedVersion)) return;
  const ofVersion = new Metrics();
  ofVersion.addDimensions({ FunctionName, ExecutedVersion });
  ofVersion.addMetric("UnmeantErrors", MetricUnit.Count, times);
  ofVersion.publishStoredMetrics();
}

/** How long somebody waited for a lock, in vain or not. */
export function lockWaited(waitedMs: number): void {
  write({ LockWaits: [1, "Count"], LockWaitTime: [waitedMs, "Milliseconds"] });
}

/** What became of what was posted to those who listen. */
export function countPosts({ posted, gone, failed, late }: PostCounts): void {
  write({
    LivePosts: [posted, "Count"],
    LivePostsLost: [failed + late, "Count"],
    LiveConnectionsGone: [gone, "Count"],
  });
}

/** How many events were to leave, and of how many resources some are held up. */
export function countEvents(told: number, held: number): void {
  if (told > 0) write({ EventsTold: [told, "Count"], EventsHeldUp: [held, "Count"] });
}

/** What became of telling an endpoint: how often it took something or did not, and that it is left alone now. */
export function countTold(sent: {
  readonly delivered: number;
  readonly failing: number;
  readonly failed: number;
  readonly paused: number;
}): void {
  const failures = sent.failing + sent.failed + sent.paused;
  write({
    ...(sent.delivered > 0 && { WebhooksDelivered: [sent.delivered, "Count"] }),
    ...(failures > 0 && { WebhooksFailed: [failures, "Count"] }),
    ...(sent.paused > 0 && { WebhookPaused: [sent.paused, "Count"] }),
    ...(sent.failed > 0 && { WebhookGivenUp: [sent.failed, "Count"] }),
  });
}

/** What an operation cost in DynamoDB. */
export function countCost(operation: string, meter: Meter): void {
  const { requests, writeUnits, readUnits, elapsedMs, throttles, conflicts } = meter;
  write(
    {
      DynamoDbRequests: [requests, "Count"],
      DynamoDbWriteUnits: [writeUnits, "Count"],
      DynamoDbReadUnits: [readUnits, "Count"],
      DynamoDbTime: [elapsedMs, "Milliseconds"],
      ...(throttles > 0 && { DynamoDbThrottles: [throttles, "Count"] }),
      ...(conflicts > 0 && { DynamoDbConflicts: [conflicts, "Count"] }),
    },
    { operation },
  );
}

/** How late the sweep was, what refunds it found open and how often they were tried, and since when the oldest lock is held. */
export function sweepFound(found: {
  lagMs: number;
  refundsDue: number;
  refundAttempts: number;
  oldestLockAgeMs: number;
}): void {
  write({
    SweepLag: [found.lagMs, "Milliseconds"],
    RefundsDue: [found.refundsDue, "Count"],
    RefundAttempts: [found.refundAttempts, "Count"],
    OldestLockAge: [found.oldestLockAgeMs, "Milliseconds"],
  });
}
