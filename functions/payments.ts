/** Payments over HTTP: start, verify, refund, and the sandbox's cashier. */
import {
  initiatePayment,
  paySandbox,
  refundPayment,
  verifyPayment,
} from "../shared/api/payments.ts";
import { orderView } from "../shared/orders/order-view.ts";
import { cashier, paymentService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { payingShop as shop } from "./runtime/payments.ts";

const payments = paymentService(shop);

export const handler = createHandler([
  serve(initiatePayment, async ({ body, caller, actor }) =>
    answer(200, await payments.initiate({ ...body, caller, actor })),
  ),
  serve(verifyPayment, async ({ body, caller, actor }) => {
    const { orderId, provider, ...returned } = body;
    const claim = { orderId, provider, returned, caller, actor };
    return answer(200, orderView(await payments.verify(claim)));
  }),
  serve(refundPayment, async ({ params, body, actor }) =>
    answer(200, orderView(await payments.refund({ ...params, ...body, actor }))),
  ),
  serve(paySandbox, async ({ body, caller }) =>
    answer(200, await cashier(shop).pay({ ...body, caller })),
  ),
]);
