/** Mistakes with money: what late money buys, when it goes back, and what is asked of providers. */
import type { PlantedFault } from "./faults.ts";

const late = "shared/payments/late-money.ts";
const selling = "shared/payments/selling.ts";
const holdConditions = "shared/inventory/hold-conditions.ts";
const settling = "shared/payments/settle-service.ts";

type Mistake = readonly [
  name: string,
  file: string,
  find: string,
  replace: string,
  workload?: string,
];

const lateMoney: readonly Mistake[] = [
  [
    "money buys long after the order's time",
    late,
    "later(expiresAtMs, lateMoneyMs)",
    "later(expiresAtMs, lateMoneyMs + 600_000)",
  ],
  [
    "money that is a little late goes back",
    late,
    "later(expiresAtMs, lateMoneyMs)",
    "later(expiresAtMs, 0 * lateMoneyMs)",
  ],
  [
    "late money buys at yesterday's price",
    holdConditions,
    'condition`${at("amountMinor")} <= ${ceiling.amountMinor}`',
    'condition`${at("amountMinor")} <= ${ceiling.amountMinor + 100_000}`',
  ],
  [
    "who has cancelled buys at yesterday's price",
    late,
    'return status !== "pending" || isExpired(expiresAtMs, nowMs);',
    'return status === "expired" && isExpired(expiresAtMs, nowMs);',
  ],
  [
    "a price that is the same again counts as risen",
    holdConditions,
    'condition`${at("amountMinor")} <= ${ceiling.amountMinor}`',
    'condition`${at("amountMinor")} < ${ceiling.amountMinor}`',
  ],
  [
    "what is looked for in several rows may cost anything",
    selling,
    "findUnits(options, { itemId, quantity, ceiling });",
    "findUnits(options, { itemId, quantity, ceiling: ceiling && undefined });",
    "hot",
  ],
  [
    "a unit may cost as much by now as the whole line did",
    late,
    "amountMinor: line.unitPriceMinor, currency",
    "amountMinor: line.lineTotalMinor, currency",
  ],
  [
    "money that may not buy is kept when the price rose",
    settling,
    "const instead = error instanceof NotForSale ? outcome[error.why] : undefined;",
    'const instead = error instanceof NotForSale && error.why === "soldOut" ? outcome.soldOut : undefined;',
  ],
];

const amounts = "shared/providers/amounts.ts";
const stripe = "shared/providers/stripe.ts";
const stripeCurrencies = "shared/providers/stripe-currencies.ts";
const stripeEvents = "shared/providers/stripe-events.ts";
const razorpay = "shared/providers/razorpay.ts";
const razorpayCurrencies = "shared/providers/razorpay-currencies.ts";
const wompi = "shared/providers/wompi.ts";
const mercadopago = "shared/providers/mercadopago.ts";
const mercadopagoCurrencies = "shared/providers/mercadopago-currencies.ts";
const stripeRecent = "shared/providers/stripe-recent.ts";
const deciding = "shared/payments/deciding.ts";
const receiving = "shared/payments/receiving.ts";
const outcome = "shared/payments/outcome.ts";
const sweep = "shared/payments/sweep.ts";
const cancelling = "shared/payments/cancel-service.ts";
const checking = "shared/payments/reconciling/checking.ts";
const position = "shared/payments/reconciling/position.ts";

/** What providers and those who ask them can get wrong; only histories with the providers themselves meet it. */
const asking: readonly Mistake[] = [
  [
    "Stripe is sent yen with two decimals",
    stripeCurrencies,
    'KMF KRW MGA PYG RWF VND VUV XAF XOF XPF", {\n  decimals: 0,',
    'KMF KRW MGA PYG RWF VND VUV XAF XOF XPF", {\n  decimals: 2,',
  ],
  [
    "Stripe is sent Icelandic crowns as they are in truth",
    stripeCurrencies,
    '"ISK UGX", { decimals: 2, step: 100,',
    '"ISK UGX", { decimals: 0, step: 100,',
  ],
  [
    "Stripe is sent dinars with two decimals",
    stripeCurrencies,
    '"BHD JOD KWD OMR TND", { decimals: 3, step: 10,',
    '"BHD JOD KWD OMR TND", { decimals: 2, step: 1,',
  ],
  [
    "Stripe is asked back our minor units",
    stripe,
    'const amount = refundable("stripe", stripeAmounts, { amountMinor, currency });',
    'const amount = refundable("stripe", stripeAmounts, { amountMinor, currency }) && amountMinor;',
  ],
  [
    "what Stripe paid back is taken for our minor units",
    stripeRecent,
    "const amountMinor = stripeAmounts.fromProvider(amount, currency.toUpperCase());",
    "const amountMinor = stripeAmounts.fromProvider(amount, currency.toUpperCase()) && amount;",
  ],
  [
    "Razorpay is sent yen with two decimals",
    razorpayCurrencies,
    "JPY: { decimals: 0 },",
    "JPY: { decimals: 2 },",
  ],
  [
    "Razorpay is sent dinars with two decimals",
    razorpayCurrencies,
    '"BHD KWD OMR", { decimals: 3, step: 10 }',
    '"BHD KWD OMR", { decimals: 2 }',
  ],
  [
    "what a provider tells is taken for our minor units",
    amounts,
    "scaled(amount, findIsoDecimals(currency) - findRule(currency).decimals),",
    "scaled(amount, 0 * findIsoDecimals(currency)),",
  ],
  [
    "Mercado Pago is asked back a hundred times as much",
    mercadopago,
    "api.refund(paymentId, toDecimal(amount, currency), idempotencyKey)",
    "api.refund(paymentId, amount, idempotencyKey)",
  ],
  [
    "a bank that is at work at Stripe is nothing",
    stripe,
    'if (status === "processing") return intentFact("processing", status, intent);',
    'if (status === "processing") return undefined;',
  ],
  [
    "a bank that is at work gets no more time",
    deciding,
    "const expiresAtMs = processingUntil(order, processingMs(fact.provider));",
    "const expiresAtMs = processingUntil(order, 0 * processingMs(fact.provider));",
  ],
  [
    "nobody is asked before an order expires",
    sweep,
    "const known = await recheck(options, order, actor);",
    "const known = (void recheck, order);",
  ],
  [
    "nobody is asked before an order is cancelled",
    cancelling,
    'order.status === "pending" ? await lookFirst(order, actor) : order;',
    'order.status === "failed" ? await lookFirst(order, actor) : order;',
  ],
  [
    "what was captured at Stripe is not found",
    stripe,
    'return fact?.kind === "failed" ? undefined : fact;',
    'return fact?.kind === "captured" ? undefined : fact;',
  ],
  [
    "what was captured at Razorpay is not found",
    razorpay,
    "const paid = captured ?? authorized;",
    "const paid = authorized ?? (captured && undefined);",
  ],
  [
    "Razorpay is not told whose money it is",
    razorpay,
    "const wish = { amount, currency, receipt: orderId, notes: { orderId } };",
    'const wish = { amount, currency, receipt: "", notes: { orderId } };',
  ],
  [
    "an offer of Razorpay's is another amount",
    receiving,
    "const isAnswer = fetched?.orderId === order.orderId && fetched.orderedMinor !== undefined;",
    "const isAnswer = fetched?.orderId === order.orderId && fetched.orderedMinor === -1;",
  ],
  [
    "an offer or a fee is on record as what was ordered",
    outcome,
    "capturedMinor: amountMinor,",
    "capturedMinor: fact.orderedMinor ?? amountMinor,",
  ],
  ["what Wompi has voided is nothing", wompi, '  VOIDED: "refunded",', '  VOIDED: "failed",'],
  [
    "what went back at Mercado Pago is not told",
    mercadopago,
    'if (refunds.length === 0 || kind === "failed") return { kind, ...money };',
    'if (refunds.length < 99 || kind === "failed") return { kind, ...money };',
  ],
  [
    "Mercado Pago is sent hundredths of whatever it is",
    mercadopagoCurrencies,
    "Number((amount / 10 ** countDecimals(currency))",
    "Number((amount / 100)",
  ],
  [
    "a webhook of Stripe's is old after seconds",
    stripeEvents,
    "const toleranceSeconds = 300;",
    "const toleranceSeconds = 3;",
  ],
  [
    "who walks the books settles nothing",
    checking,
    "const now = isKnown ? order : await settle(order, fact, actor);",
    "const now = isKnown || order ? order : await settle(order, fact, actor);",
  ],
  ["the books are walked a minute back", position, "secondsToMs(72 * 3_600)", "secondsToMs(72)"],
  [
    "the books are asked for in milliseconds",
    stripeRecent,
    "[Math.floor(sinceMs / 1000), Math.ceil(untilMs / 1000)];",
    "[Math.floor(sinceMs), Math.ceil(untilMs)];",
  ],
  [
    "a part that is told of without our name is somebody else's",
    "shared/payments/refunds/refund-telling.ts",
    "if (isNameless) {",
    'if (isNameless && refundId === "") {',
    "nameless histories",
  ],
];

const plant =
  (usual?: string) =>
  ([name, file, find, replace, workload = usual]: Mistake): PlantedFault => ({
    name,
    file,
    find,
    replace,
    ...(workload === undefined ? {} : { workload }),
  });

/** What money can get wrong in the shop. */
export const moneyFaults: readonly PlantedFault[] = [
  ...lateMoney.map(plant("shop")),
  ...asking.map(plant("histories")),
];
