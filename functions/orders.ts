/** Orders over HTTP: place, read, list, cancel, hand over, write down what was sent. */
import type { z } from "zod";
import { claimOrder, offerOrderClaim } from "../shared/api/order-claims.ts";
import { fulfilOrder } from "../shared/api/fulfilments.ts";
import {
  cancelOrder,
  getOrder,
  listOrders,
  placeOrder,
  type placeOrderBody,
} from "../shared/api/orders.ts";
import { InvalidRequest } from "../shared/base/errors.ts";
import { pickChoices } from "../shared/orders/order-choices.ts";
import { orderView } from "../shared/orders/order-view.ts";
import type { OrderSource } from "../shared/orders/order-request.ts";
import { cancelling, fulfilmentService, payableOrderService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { payingShop as shop } from "./runtime/payments.ts";

/** The session that a cart belongs to when the client has none. */
const defaultSession = "default";

/** What a cart's version does for a cart, a key has to do for items: two clicks are one order. */
function requireKey(
  body: z.output<typeof placeOrderBody>,
  key: string | undefined,
): string | undefined {
  if (!body.items || key !== undefined) return key;
  const message = "is needed to order items without a cart";
  throw new InvalidRequest([{ path: "header.idempotency-key", message }]);
}

function parseSource(body: z.output<typeof placeOrderBody>): OrderSource {
  if (body.items) return { kind: "items", items: body.items };
  const { sessionId = defaultSession, instances } = body;
  return { kind: "cart", sessionId, ...(instances ? { instances } : {}) };
}

const orders = payableOrderService(shop);
const fulfilments = fulfilmentService(shop);

export const handler = createHandler([
  serve(placeOrder, async ({ params, headers, body, actor }) => {
    const { order, replayed } = await orders.place({
      userId: params.userId,
      actor,
      source: parseSource(body),
      ...pickChoices(body),
      expectedTotalMinor: body.expectedTotalMinor,
      tickets: body.tickets,
      idempotencyKey: requireKey(body, headers["idempotency-key"]),
    });
    return replayed
      ? answer(200, orderView(order), { "idempotent-replayed": "true" })
      : answer(201, orderView(order), { location: `/orders/${order.orderId}` });
  }),
  serve(getOrder, async ({ params, caller }) =>
    answer(200, orderView(await orders.get(params.orderId, caller))),
  ),
  serve(listOrders, async ({ query, caller }) => {
    const userId = caller.isAdmin ? query.userId : caller.userId;
    const { rows, cursor = null } = await orders.list({ ...query, userId });
    return answer(200, { orders: rows.map(orderView), cursor });
  }),
  serve(cancelOrder, async ({ params, caller, actor }) => {
    const { cancel } = cancelling(shop);
    return answer(200, orderView(await cancel({ ...params, caller, actor })));
  }),
  serve(offerOrderClaim, async ({ params, caller, actor }) =>
    answer(201, await orders.offerClaim(params.orderId, caller, actor)),
  ),
  serve(claimOrder, async ({ params, body, caller: { userId }, actor }) =>
    answer(200, orderView(await orders.claim({ ...params, ...body, userId, actor }))),
  ),
  serve(fulfilOrder, async ({ params, body, actor }) => {
    const { order, replayed } = await fulfilments.add({ ...params, ...body, actor });
    return replayed
      ? answer(200, orderView(order), { "idempotent-replayed": "true" })
      : answer(201, orderView(order));
  }),
]);
