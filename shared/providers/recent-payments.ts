/** How each provider lists the payments of its account: its own way to page, our facts. */
import { listChargebacks } from "./mercadopago-disputes.ts";
import type { MercadopagoApi, MercadopagoPayment } from "./mercadopago-api.ts";
import type { PaymentFact, RecentPayments, RecentQuery } from "./provider.ts";
import type { WompiApi, WompiTransaction } from "./wompi-api.ts";

const pageSize = 100;

/** How Mercado Pago calls payments that somebody wants back. */
const disputedStatuses = new Set(["in_mediation", "charged_back"]);

type Parse<Payment> = (payment: Payment) => PaymentFact | undefined;

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

/**
 * Mercado Pago's payments, so many skipped, those that changed first in front: what comes meanwhile stands behind. With
 * each that is wanted back its chargebacks.
 */
export async function listMercadopagoPayments(
  api: MercadopagoApi,
  { sinceMs, untilMs, cursor = "0" }: RecentQuery,
  parse: Parse<MercadopagoPayment>,
): Promise<RecentPayments> {
  const formatDate = (atMs: number): string => new Date(atMs).toISOString();
  const offset = Number(cursor);
  const items = await api.listRecent(formatDate(sinceMs), formatDate(untilMs), offset);
  const facts: PaymentFact[] = [];
  for (const item of items) {
    const fact = parse(item);
    if (!fact) continue;
    facts.push(fact);
    if (disputedStatuses.has(item.status)) facts.push(...(await listChargebacks(api, fact)));
  }
  return { facts, ...(items.length === pageSize ? { cursor: String(offset + pageSize) } : {}) };
}
