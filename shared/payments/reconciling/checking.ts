/** Holds a page of a provider's payments against their orders and the ledger, and settles what nobody told. */
import limitTo from "p-limit";
import type { Actor } from "../../base/actor.ts";
import type { Logger } from "../../base/logger.ts";
import type { Clock } from "../../base/time.ts";
import type { Order } from "../../orders/order.ts";
import {
  type PaymentFact,
  type PaymentProvider,
  ProviderFailed,
} from "../../providers/provider.ts";
import type { Database } from "../../table/database.ts";
import { isSameDispute } from "../disputes/dispute.ts";
import { knowsTransaction } from "../payment.ts";
import type { Settle } from "../rechecking.ts";
import {
  type Difference,
  findDifference,
  isInLedger,
  listLedgerItems,
  makeDifference,
} from "./difference.ts";
import { findMissingSales, findOrders } from "./reconcile-store.ts";

/** Payments that a provider is asked for side by side. */
const askedAtOnce = 8;

/** What checking works with. */
export interface CheckingOptions {
  readonly database: Database;
  readonly settle: Settle;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** What became of one payment. */
interface Checked {
  /** The order as it is now; absent where there is none. */
  readonly order?: Order;
  readonly isSettled: boolean;
  readonly differs?: Difference;
}

/** What was listed of a refund or dispute stays; the answer says whose payment that is. */
function withNews(
  answer: PaymentFact | undefined,
  { kind, refunds, dispute }: PaymentFact,
): PaymentFact | undefined {
  if (!answer || (!refunds && !dispute)) return answer;
  const { refunds: _all, ...payment } = answer;
  return { ...payment, kind, ...(refunds && { refunds }), ...(dispute && { dispute }) };
}

/**
 * Whether the provider has money, or a dispute about it, for an order that is not here. Once somebody has paid all of it
 * back there is nothing left to see to.
 */
async function isMoneyHere(provider: PaymentProvider, fact: PaymentFact): Promise<boolean> {
  if (fact.kind === "disputed") return true;
  if (fact.kind !== "captured") return false;
  try {
    const refunds = await provider.listRefunds(fact);
    const back = refunds.filter(({ status }) => status === "done");
    return back.reduce((sum, { amountMinor }) => sum + amountMinor, 0) < fact.amountMinor;
  } catch (error) {
    if (!(error instanceof ProviderFailed)) throw error;
    // One that cannot be asked about hides nothing of the others, and is told rather than not.
    return true;
  }
}

/** Makes `checkPage`: two batched reads of orders and one of the ledger, and what settling costs. */
export function createChecking({ database, settle, clock, logger }: CheckingOptions) {
  /** The facts with their orders; where only the provider can say whose a payment is, it is asked. */
  async function findTheirs(provider: PaymentProvider, facts: readonly PaymentFact[]) {
    const known = await findOrders(
      database,
      facts.map(({ orderId }) => orderId),
    );
    const lane = limitTo(askedAtOnce);
    const asked = facts.map((fact) => {
      const order = known.get(fact.orderId);
      if (fact.certain || (order && knowsTransaction(order, fact.transactionId))) return fact;
      // Whose an attempt was that came to nothing is not worth a question.
      if (fact.kind === "failed") return undefined;
      return lane(async () => withNews(await provider.fetch(fact), fact));
    });
    const certain = (await Promise.all(asked)).filter((fact) => fact !== undefined);
    const orders = await findOrders(
      database,
      certain.map(({ orderId }) => orderId),
    );
    return certain.map((fact) => ({ fact, order: orders.get(fact.orderId) }));
  }

  /** One payment: settled if that is still to be done, else compared. */
  async function check(
    provider: PaymentProvider,
    { fact, order }: { readonly fact: PaymentFact; readonly order: Order | undefined },
    actor: Actor,
  ): Promise<Checked> {
    if (!order) {
      const isOwed = await isMoneyHere(provider, fact);
      const differs = makeDifference("order_missing", fact, order);
      return { isSettled: false, ...(isOwed ? { differs } : {}) };
    }
    const isKnown = fact.kind === "failed" || isSameDispute(order, fact);
    const now = isKnown ? order : await settle(order, fact, actor);
    const isSettled = now !== order && fact.kind !== "processing";
    if (isSettled && fact.kind !== "captured") {
      const { orderId, paymentId } = fact;
      logger.warn("Something that no webhook told of", { orderId, paymentId, kind: fact.kind });
    }
    const kind = findDifference(now, fact);
    return { order: now, isSettled, ...(kind ? { differs: makeDifference(kind, fact, now) } : {}) };
  }

  /** One page of a provider's payments. */
  return async function checkPage(
    provider: PaymentProvider,
    facts: readonly PaymentFact[],
    actor: Actor,
  ) {
    const differences: Difference[] = [];
    /** As they are now, with the last fact that was held against each: a page may have several. */
    const latest = new Map<string, { order: Order; fact: PaymentFact }>();
    let settled = 0;
    for (const { fact, order } of await findTheirs(provider, facts)) {
      const read = order && (latest.get(order.orderId)?.order ?? order);
      const theirs = { fact, order: read };
      const { order: now, isSettled, differs } = await check(provider, theirs, actor);
      settled += isSettled ? 1 : 0;
      if (differs) differences.push(differs);
      if (now) latest.set(now.orderId, { order: now, fact });
    }
    const sales = [...latest.values()].flatMap(({ order }) =>
      listLedgerItems(order).map((itemId): [Order, string] => [order, itemId]),
    );
    const missing = await findMissingSales(database, sales);
    for (const order of [...missing].filter((each) => isInLedger(each, clock()))) {
      differences.push(makeDifference("sale_missing", latest.get(order.orderId)!.fact, order));
    }
    return { differences, settled };
  };
}
