/** Business metrics in CloudWatch's embedded format: lines in the log, no request, nothing to wait for. */
import { Metrics, MetricUnit } from "@aws-lambda-powertools/metrics";

const metrics = new Metrics();

/** What is counted; each name is a metric under the namespace and service of the stack. */
const countedActions: Readonly<Record<string, string>> = {
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

/** Counts things that the audit trail told, by their action, and writes the counts down. */
export function countActions(actions: readonly string[]): void {
  for (const [action, name] of Object.entries(countedActions)) {
    const times = actions.filter((each) => each === action).length;
    if (times > 0) metrics.addMetric(name, MetricUnit.Count, times);
  }
  metrics.publishStoredMetrics();
}

/** Counts something that happened `times` times. */
export function count(name: string, times = 1): void {
  const metric = metrics.singleMetric();
  metric.addMetric(name, MetricUnit.Count, times);
}
