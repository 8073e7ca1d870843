/** Holds a page of a provider's payments against their orders and the ledger, and settles what nobody told. */
import { bulkhead } from "cockatiel";
import type { Actor } from "../../base/actor.ts";
import type { Clock } from "../../base/time.ts";
import type { Order } from "../../orders/order.ts";
import type { PaymentFact, PaymentProvider } from "../../providers/provider.ts";
import type { Database } from "../../table/database.ts";
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
}

/** What became of one payment. */
interface Checked {
  /** The order as it is now; absent where there is none. */
  readonly order?: Order;
  readonly isSettled: boolean;
  readonly differs?: Difference;
}

/** Makes `checkPage`: two batched reads of orders and one of the ledger, and what settling costs. */
export function createChecking({ database, settle, clock }: CheckingOptions) {
  /** The facts with their orders; where only the provider can say whose a payment is, it is asked. */
  async function findTheirs(provider: PaymentProvider, facts: readonly PaymentFact[]) {
    const known = await findOrders(
      database,
      facts.map(({ orderId }) => orderId),
    );
    const lane = bulkhead(askedAtOnce, Number.POSITIVE_INFINITY);
    const asked = facts.map((fact) => {
      const order = known.get(fact.orderId);
      if (fact.certain || (order && knowsTransaction(order, fact.transactionId))) return fact;
      // Whose an attempt was that came to nothing is not worth a question.
      return fact.kind === "failed" ? undefined : lane.execute(() => provider.fetch(fact));
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
    fact: PaymentFact,
    order: Order | undefined,
    actor: Actor,
  ): Promise<Checked> {
    if (!order) return { isSettled: false, differs: makeDifference("order_missing", fact, order) };
    const now = fact.kind === "failed" ? order : await settle(order, fact, actor);
    const isSettled = now !== order && fact.kind === "captured";
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
    const sales: [Order, string][] = [];
    const factOf = new Map<Order, PaymentFact>();
    let settled = 0;
    for (const { fact, order } of await findTheirs(provider, facts)) {
      const { order: now, isSettled, differs } = await check(fact, order, actor);
      settled += isSettled ? 1 : 0;
      if (differs) differences.push(differs);
      if (!now) continue;
      factOf.set(now, fact);
      sales.push(...listLedgerItems(now).map((id): [Order, string] => [now, id]));
    }
    const missing = await findMissingSales(database, sales);
    for (const order of [...missing].filter((each) => isInLedger(each, clock()))) {
      differences.push(makeDifference("sale_missing", factOf.get(order)!, order));
    }
    return { differences, settled };
  };
}
