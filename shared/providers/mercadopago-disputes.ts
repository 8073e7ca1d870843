/** Chargebacks as Mercado Pago tells them: what its words mean for the money. */
import { currencyCode, foreignId } from "./foreign.ts";
import * as z from "zod";
import { longestDisputeStatus, type ToldDispute } from "./dispute.ts";
import { findBy, type MercadopagoApi, type MercadopagoPayment } from "./mercadopago-api.ts";
import { fromDecimal } from "./mercadopago-currencies.ts";
import type { NotedEvent, PaymentEvent, PaymentFact } from "./provider.ts";

/** The topic of its notifications about chargebacks. */
export const chargebackTopic = "topic_chargebacks_wh";

const anyId = z.union([z.int(), foreignId]).transform(String);
const word = z.string().min(1).max(longestDisputeStatus);

/** Its documentation and its SDK name some fields differently. */
const chargebackSchema = z
  .object({
    amount: z.number().nonnegative(),
    currency: currencyCode.nullish(),
    currency_id: currencyCode.nullish(),
    payments: z.array(anyId).nullish(),
    payment_id: anyId.nullish(),
    status: word.nullish(),
    coverage_applied: z.boolean().nullish(),
    date_created: z.string().nullish(),
    date_last_updated: z.string().nullish(),
    last_modified: z.string().nullish(),
  })
  .transform((told) => ({
    amount: told.amount,
    currency: told.currency ?? told.currency_id ?? "",
    paymentId: told.payments?.[0] ?? told.payment_id ?? undefined,
    status: told.status ?? undefined,
    isCovered: told.coverage_applied ?? undefined,
    changedAtMs: Date.parse(
      told.date_last_updated ?? told.last_modified ?? told.date_created ?? "",
    ),
  }));

type Chargeback = z.infer<typeof chargebackSchema>;

/**
 * It is decided by whether it is covered. Where it has no word of its own, it is called as its payment's
 * `status_detail` calls it then: the money is kept back, or the seller has it again.
 */
function tellChargeback(disputeId: string, told: Chargeback): ToldDispute | undefined {
  const { amount, currency, changedAtMs: toldAtMs, isCovered } = told;
  const amountMinor = fromDecimal(amount, currency);
  if (amountMinor === undefined || Number.isNaN(toldAtMs)) return undefined;
  const isOver = isCovered !== undefined;
  const takenMinor = isCovered === true ? 0 : amountMinor;
  const { status = isOver ? (isCovered ? "reimbursed" : "settled") : "in_process" } = told;
  return { disputeId, status, amountMinor, takenMinor, isOver, toldAtMs };
}

/** All chargebacks of a payment as they stand; those that cannot be read are for their notification to tell of. */
export async function listChargebacks(
  api: MercadopagoApi,
  { refunds: _refunds, ...money }: PaymentFact,
): Promise<PaymentFact[]> {
  const found = await api.searchChargebacks(money.paymentId);
  return found.flatMap((answer): PaymentFact[] => {
    const told = chargebackSchema.safeParse(answer).data;
    const id = z.object({ id: anyId }).safeParse(answer).data?.id;
    const dispute = told && id !== undefined ? tellChargeback(id, told) : undefined;
    if (!dispute || told?.currency !== money.currency) return [];
    return [{ ...money, kind: "disputed", type: chargebackTopic, dispute }];
  });
}

/** What a chargeback says, as it stands; undefined when there is none by this id. Two calls. */
export async function readChargeback(
  api: MercadopagoApi,
  parsePayment: (payment: MercadopagoPayment) => PaymentFact | undefined,
  { id, noted }: { readonly id: string; readonly noted: NotedEvent },
): Promise<PaymentEvent | undefined> {
  const answer = await findBy(api.fetchChargeback, id);
  if (answer === undefined) return undefined;
  const chargeback = chargebackSchema.safeParse(answer).data;
  const { paymentId } = chargeback ?? {};
  if (!chargeback || paymentId === undefined) return { ...noted, isUnreadable: true };
  const payment = await findBy(api.fetchPayment, paymentId);
  const fact = payment && parsePayment(payment);
  if (fact?.kind !== "captured" && fact?.kind !== "refunded") return noted;
  const dispute = tellChargeback(id, chargeback);
  // Of an amount in another currency than the payment's nothing can be subtracted.
  if (!dispute || fact.currency !== chargeback.currency) return { ...noted, isUnreadable: true };
  const { refunds: _refunds, ...money } = fact;
  return { ...money, kind: "disputed", type: chargebackTopic, dispute };
}
