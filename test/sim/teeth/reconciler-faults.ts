/** Mistakes in finding what nobody told: payments, refunds and disputes in providers' books; and in money after a sale. */
import type { PlantedFault } from "./faults.ts";

const checking = "shared/payments/reconciling/checking.ts";
const receiving = "shared/payments/receiving.ts";
const late = "shared/payments/late-money.ts";
const settling = "shared/payments/settle-service.ts";
const promotions = "shared/promotions/promotion-store.ts";
const razorpay = "shared/providers/razorpay.ts";
const razorpayRecent = "shared/providers/razorpay-recent.ts";
const stripeRecent = "shared/providers/stripe-recent.ts";
const stripeDisputes = "shared/providers/stripe-disputes.ts";
const recent = "shared/providers/recent-payments.ts";
const chargebacks = "shared/providers/mercadopago-disputes.ts";

type Mistake = readonly [name: string, file: string, find: string, replace: string];

/** Only histories with the providers themselves meet these. */
const finding: readonly Mistake[] = [
  [
    "a refund in the books is forgotten when its payment is asked for",
    checking,
    "...(refunds && { refunds }),",
    "...(refunds && {}),",
  ],
  [
    "only captures in the books are settled",
    checking,
    'const isKnown = fact.kind === "failed" || isSameDispute(order, fact);',
    'const isKnown = fact.kind !== "captured" || isSameDispute(order, fact);',
  ],
  [
    "Razorpay's refunds are passed over",
    razorpayRecent,
    "const next = lists[lists.indexOf(name) + 1];",
    "const next = lists[lists.indexOf(name) + 2];",
  ],
  [
    "Razorpay's books are asked for in milliseconds",
    razorpayRecent,
    "const range = { from: Math.floor(sinceMs / 1000), to: Math.ceil(untilMs / 1000), skip };",
    "const range = { from: Math.floor(sinceMs), to: Math.ceil(untilMs), skip };",
  ],
  [
    "a refund of Razorpay's is nobody's",
    razorpayRecent,
    "if (!told || !refund.payment_id) return undefined;",
    "if (!told || refund.payment_id) return undefined;",
  ],
  [
    "Stripe's refunds are passed over",
    stripeRecent,
    "const next = page.after === undefined ? lists[lists.indexOf(name) + 1] : name;",
    "const next = page.after === undefined ? lists[lists.indexOf(name) + 2] : name;",
  ],
  [
    "an offer that is heard of first by its refund is another amount",
    razorpay,
    '...(kind === "captured" || kind === "refunded" ? pickOrdered(order, payment.currency) : {}),',
    '...(kind === "captured" ? pickOrdered(order, payment.currency) : {}),',
  ],
  [
    "nobody asks for the order of an offer that is heard of first by its refund",
    receiving,
    'const isMoney = fact.kind !== "processing" && fact.kind !== "failed";',
    'const isMoney = fact.kind === "captured";',
  ],
];

/** Only histories in which banks want money back meet these. */
const disputed: readonly Mistake[] = [
  [
    "Stripe's disputes are passed over",
    stripeRecent,
    'const lists = ["intents", "refunds", "disputes"] as const;',
    'const lists = ["intents", "refunds"] as const;',
  ],
  [
    "Razorpay's disputes are passed over",
    razorpayRecent,
    'const lists = ["payments", "refunds", "disputes"] as const;',
    'const lists = ["payments", "refunds"] as const;',
  ],
  [
    "nobody looks for chargebacks of Mercado Pago",
    recent,
    "if (disputedStatuses.has(item.status)) facts.push",
    "if (disputedStatuses.has(`no ${item.status}`)) facts.push",
  ],
  [
    "a dispute in the books is forgotten when its payment is asked for",
    checking,
    "...(dispute && { dispute }) };",
    "...(dispute && {}) };",
  ],
  [
    "a dispute that was won keeps the money",
    stripeDisputes,
    '  "warning_closed",\n  "won",\n]);',
    '  "warning_closed",\n]);',
  ],
  [
    "a chargeback that is covered keeps the money",
    chargebacks,
    "const takenMinor = isCovered === true ? 0 : amountMinor;",
    "const takenMinor = isCovered === null ? 0 : amountMinor;",
  ],
];

/** Late money and discounts; campaigns have both. */
const discounts: readonly Mistake[] = [
  [
    "late money buys with a discount that is over",
    late,
    "return hasEnded && discountsEndAtMs !== undefined && nowMs >= discountsEndAtMs;",
    "return hasEnded && discountsEndAtMs !== undefined && nowMs >= discountsEndAtMs + 60_000;",
  ],
  [
    "who is in time loses a discount that has ended since",
    late,
    'const hasEnded = status !== "pending";',
    'const hasEnded = status !== "paid";',
  ],
  [
    "late money buys with a discount that was taken away",
    settling,
    'const discounts = order.status === "pending" ? [] : listDiscounts(order);',
    'const discounts = order.status === "paid" ? listDiscounts(order) : [];',
  ],
  [
    "late money has a discount that gives less by now",
    promotions,
    '    condition`${own("value")} = ${given.value}`,\n',
    "",
  ],
  [
    "who is in time loses a discount that was taken away",
    settling,
    'const discounts = order.status === "pending" ? [] : listDiscounts(order);',
    'const discounts = order.status === "paid" ? [] : listDiscounts(order);',
  ],
];

const plant =
  (workload: string) =>
  ([name, file, find, replace]: Mistake): PlantedFault => ({ name, file, find, replace, workload });

/** See `faults.ts`. */
export const reconcilerFaults: readonly PlantedFault[] = [
  ...finding.map(plant("histories")),
  ...disputed.map(plant("disputed histories")),
  ...discounts.map(plant("campaign")),
];
