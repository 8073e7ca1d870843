/** Finding out what somebody has typed: an order, a user, an item, a document, a promotion, or a request. */
import { isProblem } from "../../client/index.ts";
import type { Desk } from "./desk.ts";

/** Something that was found. */
export interface Found {
  readonly subject: string;
  readonly name: string;
}

/** These are names of the audit trail already, and opened as they are. */
const isSubject = (typed: string): boolean =>
  /^(?:lock|cart|order|item|document|promotion|uses|person)\/./.test(typed);

async function findItem({ client }: Desk, itemId: string): Promise<Found[]> {
  try {
    const { name } = await client.getItem({ params: { itemId } });
    return [{ subject: `item/${itemId}`, name: `Item ${name}` }];
  } catch (error) {
    if (isProblem(error, "ITEM_NOT_FOUND")) return [];
    throw error;
  }
}

async function findOrder({ client }: Desk, orderId: string): Promise<Found[]> {
  try {
    await client.getOrder({ params: { orderId } });
    return [{ subject: `order/${orderId}`, name: `Order ${orderId}` }];
  } catch (error) {
    if (isProblem(error, "ORDER_NOT_FOUND")) return [];
    throw error;
  }
}

async function findOrders({ client }: Desk, userId: string): Promise<Found[]> {
  const { orders } = await client.listOrders({ query: { userId, limit: 50 } });
  return orders.map(({ orderId, status }) => ({
    subject: `order/${orderId}`,
    name: `Order ${orderId} of ${userId}, ${status}`,
  }));
}

/** What has a history has been here, also where it is gone. */
async function findHistories({ client }: Desk, typed: string): Promise<Found[]> {
  const kinds = [
    [`document/${typed}`, "Document"],
    [`lock/document/${typed}`, "Lock of the document"],
    [`lock/${typed}`, "Lock"],
    [`promotion/${typed}`, "Promotion"],
    [`person/${typed}`, "Erased person"],
  ] as const;
  const found = await Promise.all(
    kinds.map(async ([subject, kind]) => {
      const { entries } = await client.listAudit({ query: { subject, limit: 1 } });
      return entries.length > 0 ? [{ subject, name: `${kind} ${typed}` }] : [];
    }),
  );
  return found.flat();
}

/** Of the things in sight, those in whose last changes that request had a part. */
async function findRequest({ client, latest }: Desk, requestId: string): Promise<Found[]> {
  const found = await Promise.all(
    latest.peek().map(async ({ orderId }) => {
      const subject = `order/${orderId}`;
      const { entries } = await client.listAudit({ query: { subject, limit: 20 } });
      const isThere = entries.some((entry) => entry.requestId === requestId);
      return isThere ? [{ subject, name: `Order ${orderId}, by request ${requestId}` }] : [];
    }),
  );
  return found.flat();
}

/** Request ids of API Gateway and of this machine: nobody types anything that long by chance. */
const isRequestLike = (typed: string): boolean => /^[\w-]{15,}=?$/.test(typed);

/** Everything that goes by what was typed, in eight requests and ten more for what may be a request's id. */
export async function search(desk: Desk, typed: string): Promise<readonly Found[]> {
  if (isSubject(typed)) return [{ subject: typed, name: typed }];
  if (typed.startsWith("ord_")) return findOrder(desk, typed);
  const parts = await Promise.all([
    findItem(desk, typed),
    findOrders(desk, typed),
    findHistories(desk, typed),
    isRequestLike(typed) ? findRequest(desk, typed) : [],
  ]);
  return parts.flat();
}

/** What is said where nothing goes by it: the logs know every request. */
export function explainNothing(typed: string): string {
  return (
    `Nothing found by ${typed}: no order, user, item, document, lock or promotion. ` +
    `A request is in the logs: filter correlation_id = "${typed}" in Logs Insights.`
  );
}
