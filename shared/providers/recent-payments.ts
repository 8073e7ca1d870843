/** How each provider lists the payments of its account: its own way to page, our facts. */
import type { MercadopagoApi, MercadopagoPayment } from "./mercadopago-api.ts";
import type { PaymentFact, RecentPayments, RecentQuery } from "./provider.ts";
import type { RazorpayApi, RazorpayOrder, RazorpayPayment } from "./razorpay-api.ts";
import type { StripeApi } from "./stripe-api.ts";
import type { WompiApi, WompiTransaction } from "./wompi-api.ts";

const pageSize = 100;

type Parse<Payment> = (payment: Payment) => PaymentFact | undefined;
type Intent = Awaited<ReturnType<StripeApi["listIntents"]>>["data"][number];

const secondsAround = ({ sinceMs, untilMs }: RecentQuery) =>
  [Math.floor(sinceMs / 1000), Math.ceil(untilMs / 1000)] as const;

/** Stripe's payment intents: the next page begins behind the last id. */
export async function listStripeIntents(
  api: StripeApi,
  query: RecentQuery,
  parse: Parse<Intent>,
): Promise<RecentPayments> {
  const { data, has_more: hasMore } = await api.listIntents(...secondsAround(query), query.cursor);
  const last = data.at(-1)?.id;
  const facts = data.flatMap((intent) => parse(intent) ?? []);
  return { facts, ...(hasMore && last !== undefined ? { cursor: last } : {}) };
}

/**
 * Razorpay's payments, so many skipped. Whose they are only their orders say: a fact names none and is not
 * certain, so whoever needs it asks for the payment itself.
 */
export async function listRazorpayPayments(
  api: RazorpayApi,
  query: RecentQuery,
  parse: (payment: RazorpayPayment, order: RazorpayOrder) => PaymentFact | undefined,
): Promise<RecentPayments> {
  const skip = Number(query.cursor ?? 0);
  const [from, to] = secondsAround(query);
  const items = await api.listAllPayments({ from, to, skip });
  const facts = items.flatMap((payment) => {
    const fact = parse(payment, { id: payment.id, receipt: payment.id });
    return fact ? { ...fact, orderId: "", certain: false } : [];
  });
  return { facts, ...(items.length === pageSize ? { cursor: String(skip + pageSize) } : {}) };
}

/** Wompi's transactions of whole days, page by page. */
export async function listWompiTransactions(
  api: WompiApi,
  { sinceMs, untilMs, cursor = "1" }: RecentQuery,
  parse: Parse<WompiTransaction>,
): Promise<RecentPayments> {
  const formatDay = (atMs: number): string => new Date(atMs).toISOString().slice(0, 10);
  const page = Number(cursor);
  const items = await api.listDays(formatDay(sinceMs), formatDay(untilMs), page);
  const facts = items.flatMap((transaction) => parse(transaction) ?? []);
  return { facts, ...(items.length === pageSize ? { cursor: String(page + 1) } : {}) };
}

/** Mercado Pago's payments, so many skipped, oldest first: what comes meanwhile stands behind. */
export async function listMercadopagoPayments(
  api: MercadopagoApi,
  { sinceMs, untilMs, cursor = "0" }: RecentQuery,
  parse: Parse<MercadopagoPayment>,
): Promise<RecentPayments> {
  const formatDate = (atMs: number): string => new Date(atMs).toISOString();
  const offset = Number(cursor);
  const items = await api.listRecent(formatDate(sinceMs), formatDate(untilMs), offset);
  const facts = items.flatMap((payment) => parse(payment) ?? []);
  return { facts, ...(items.length === pageSize ? { cursor: String(offset + pageSize) } : {}) };
}
