/** Requests as a reader of the reference sends them: what it shows, filled in, and nothing else. */
import type { Operation } from "./answer-check.ts";

/** What *Execute* sends when nothing was typed. */
export interface ExampleRequest {
  readonly route: string;
  readonly headers: Record<string, string>;
  readonly body: unknown;
}

/** Fills in what an operation shows. */
export function exampleRequest({ method, path, parameters, example }: Operation): ExampleRequest {
  const shownIn = (place: string): [name: string, value: string][] =>
    parameters.flatMap(({ name, in: where, example: value }) =>
      where === place && value !== undefined ? [[name, value]] : [],
    );
  const inPath = shownIn("path").reduce(
    (before, [name, value]) => before.replace(`{${name}}`, encodeURIComponent(value)),
    path,
  );
  const query = new URLSearchParams(shownIn("query"));
  const search = query.size > 0 ? `?${query}` : "";
  return {
    route: `${method} ${inPath}${search}`,
    headers: Object.fromEntries(shownIn("header")),
    body: example,
  };
}

/** What has to be there first, by the error that says it is not, and the examples that need it. */
const needy: Readonly<Record<string, string>> = {
  "404 ITEM_NOT_FOUND":
    "getItem changeItem archiveItem joinItemLine askItemLine adjustStock decrementStock incrementStock " +
    "listMovements addCartItem replaceCartItems itemLocks testDecrement testConcurrentAccess",
  "409 ITEMS_UNAVAILABLE": "placeOrder",
  "404 ORDER_NOT_FOUND":
    "offerOrderClaim getOrder cancelOrder fulfilOrder initiatePayment verifyPayment refundPayment " +
    "paySandbox listPaymentEvents releaseOrder",
  "404 TICKET_NOT_FOUND": "askInLine askForLock askInNameLine askForName",
  "409 LOCK_NOT_OWNED":
    "extendLock extendNames handOverLock handOverName releaseLock releaseNames " +
    "saveDocument saveDocumentByQuery",
  "404 DOCUMENT_NOT_FOUND": "getDocument getDocumentByQuery setDocumentAccess",
  "404 WEBHOOK_NOT_FOUND":
    "getWebhook deleteWebhook rotateWebhookSecret replayWebhook listDeliveries retryDelivery",
  "404 CART_LINE_NOT_FOUND": "changeCartItem removeCartItem",
  "409 CLAIM_NOT_ACCEPTED": "claimCart claimOrder",
  "404 PROMOTION_NOT_FOUND": "getPromotion deletePromotion",
  "409 CODE_NOT_ACCEPTED": "enterCartCode",
  "401 BAD_SIGNATURE": "receiveWebhook",
};

/** Examples that need something first, with what they get until it is there. */
export const needs: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(needy).flatMap(([code, names]) => names.split(" ").map((name) => [name, code])),
);

/** Not tried, and why. */
export const leftOut: Readonly<Record<string, string>> = {
  testWebhook: "it calls an address that is somebody else's",
};

/** Examples that succeed once others did, in an order in which they do. The last one takes the endpoint away again. */
export const findings: readonly string[] = [
  "getItem",
  "placeOrder",
  "addCartItem",
  "listMovements",
  "adjustStock",
  "decrementStock",
  "incrementStock",
  "itemLocks",
  "changeItem",
  "getPromotion",
  "enterCartCode",
  "deletePromotion",
  "acquireLock",
  "extendLock",
  "releaseLock",
  "getWebhook",
  "rotateWebhookSecret",
  "listDeliveries",
  "deleteWebhook",
];
