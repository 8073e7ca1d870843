/** The turns in lines for sold-out items that an order uses: looked up once, taken in the order's own transaction. */
import { InvalidRequest } from "../base/errors.ts";
import { lineResource } from "../base/line-id.ts";
import type { Clock } from "../base/time.ts";
import { findTurn, type ItemTurn } from "../inventory/line/item-line.ts";
import { PlaceNotFound } from "../locks/line.ts";
import { lockRow } from "../locks/lock-conditions.ts";
import type { Database } from "../table/database.ts";
import type { Demand } from "../inventory/stock.ts";
import { OrderExists } from "./order.ts";
import type { PlaceOrder } from "./order-request.ts";
import { findOrder } from "./order-store.ts";

/** The turns that an order uses, by item. */
export type Turns = ReadonlyMap<string, ItemTurn>;

/** An order that is being placed, as far as its turns go. */
interface Using {
  readonly request: Pick<PlaceOrder, "tickets" | "userId">;
  readonly turns: Map<string, ItemTurn>;
}

/** @throws InvalidRequest when a ticket is for what is not ordered, or for more than its one unit */
function checkTickets(tickets: NonNullable<PlaceOrder["tickets"]>, demands: readonly Demand[]) {
  const wanted = new Map(demands.map(({ itemId, quantity }) => [itemId, quantity]));
  const issues = tickets.flatMap(({ itemId }, index) => {
    const path = `tickets.${index}.itemId`;
    const isTwice = tickets.findIndex((each) => each.itemId === itemId) < index;
    if (isTwice) return [{ path, message: "must be named once" }];
    if (!wanted.has(itemId)) return [{ path, message: "must be among what is ordered" }];
    if (wanted.get(itemId) === 1) return [];
    return [{ path, message: "is for one unit: order one of it" }];
  });
  if (issues.length > 0) throw new InvalidRequest(issues);
}

/**
 * Looks the turns of a request's tickets up. No request without tickets, otherwise one.
 *
 * @throws PlaceNotFound when a ticket is no turn (any more), or somebody else's; nothing was held
 * @throws OrderExists when this very request has ordered before
 */
export async function readTurns(
  { database, clock }: { readonly database: Database; readonly clock: Clock },
  { request: { tickets = [], userId }, turns }: Using,
  draft: { readonly order: { readonly orderId: string }; readonly demands: readonly Demand[] },
): Promise<void> {
  if (tickets.length === 0) return;
  checkTickets(tickets, draft.demands);
  const rows = await database.getTogether(
    tickets.map(({ itemId }) => lockRow(lineResource(itemId))),
  );
  const nowMs = clock();
  for (const [index, { itemId, ticket }] of tickets.entries()) {
    const turn = findTurn(rows[index], { ticket, userId }, nowMs);
    if (turn) turns.set(itemId, turn);
  }
  if (turns.size === tickets.length) return;
  const placed = await findOrder(database, draft.order.orderId);
  throw placed ? new OrderExists(placed) : new PlaceNotFound();
}
