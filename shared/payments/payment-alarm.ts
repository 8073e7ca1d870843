/** What payments wake somebody for; each is a metric, and an alarm in `infra/alarms`. */

/** Their names. */
export type PaymentAlarm =
  | "AmountMismatch"
  | "PaymentDisputed"
  | "ReconcilerDifferences"
  | "RefundFailed"
  | "RefundRefused"
  | "UnreadablePaymentEvent"
  | "UntoldCapture";
