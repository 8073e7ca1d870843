/** Webhooks of the payment providers. */
import { receiveWebhook } from "../shared/api/payments.ts";
import { paymentService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { payingShop as shop } from "./runtime/payments.ts";

/** The very bytes that were signed: API Gateway hands over as base64 what it takes for binary. */
function parseRawBody(event: { body?: string; isBase64Encoded?: boolean }): Buffer {
  return Buffer.from(event.body ?? "", event.isBase64Encoded ? "base64" : "utf8");
}

const payments = paymentService(shop);

export const handler = createHandler([
  serve(receiveWebhook, async ({ params, event, actor }) => {
    const delivery = { body: parseRawBody(event), headers: event.headers };
    await payments.receive(params.provider, delivery, actor.requestId);
    return answer(200, { received: true });
  }),
]);
