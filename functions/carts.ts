/** Carts over HTTP: read, edit, replace, merge, and whether a payment has locked them. */
import {
  addCartItem,
  changeCartItem,
  clearCartInstance,
  getCart,
  getCartInstance,
  getCartLock,
  mergeCart,
  removeCartCondition,
  removeCartItem,
  removeCartMetadata,
  replaceCartItems,
  setCartCondition,
  setCartMetadata,
} from "../shared/api/carts.ts";
import { claimCart, offerCartClaim } from "../shared/api/claims.ts";
import { enterCartCode, removeCartCode } from "../shared/api/promotions.ts";
import { cartService, priceService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createCartAnswers } from "./runtime/cart-answers.ts";
import { parseEdit } from "./runtime/cart-edit.ts";
import { expectedVersion } from "./runtime/entity-tag.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

const carts = cartService(shop);
const { wholeCart, instanceOfCart } = createCartAnswers(priceService(shop), carts);

export const handler = createHandler([
  serve(getCart, async ({ params }) => wholeCart(await carts.get(params), params, true)),
  serve(getCartLock, async ({ params }) => answer(200, await carts.isCartLocked(params))),
  serve(getCartInstance, async ({ params }) =>
    instanceOfCart(await carts.get(params), params, true),
  ),
  serve(mergeCart, async ({ params, body: { from, strategy }, headers, actor }) => {
    const what = { ...params, fromSessionId: from.sessionId, strategy, actor };
    const merge = { ...what, expectedVersion: expectedVersion(headers) };
    return wholeCart(await carts.merge(merge), params);
  }),
  serve(offerCartClaim, async ({ params, actor }) =>
    answer(201, await carts.offerClaim(params, actor)),
  ),
  serve(claimCart, async ({ params, body, actor }) =>
    wholeCart(await carts.claim({ ...params, ...body, actor }), params),
  ),
  serve(clearCartInstance, async (call) =>
    instanceOfCart(await carts.clear(parseEdit(call)), call.params),
  ),
  serve(addCartItem, async (call) =>
    instanceOfCart(await carts.addLine(parseEdit(call), call.body), call.params),
  ),
  serve(replaceCartItems, async (call) =>
    instanceOfCart(await carts.putItems(parseEdit(call), call.body), call.params),
  ),
  serve(changeCartItem, async (call) => {
    const { lineId } = call.params;
    const cart = await carts.changeQuantity(parseEdit(call), lineId, call.body.quantity);
    return instanceOfCart(cart, call.params);
  }),
  serve(removeCartItem, async (call) =>
    instanceOfCart(await carts.removeLine(parseEdit(call), call.params.lineId), call.params),
  ),
  serve(setCartCondition, async (call) => {
    const condition = { ...call.body, name: call.params.name };
    return instanceOfCart(await carts.setCondition(parseEdit(call), condition), call.params);
  }),
  serve(removeCartCondition, async (call) => {
    const cart = await carts.removeCondition(parseEdit(call), call.params.name);
    return instanceOfCart(cart, call.params);
  }),
  serve(enterCartCode, async (call) =>
    instanceOfCart(await carts.enterCode(parseEdit(call), call.body.code), call.params),
  ),
  serve(removeCartCode, async (call) =>
    instanceOfCart(await carts.removeCode(parseEdit(call), call.params.code), call.params),
  ),
  serve(setCartMetadata, async (call) => {
    const { key } = call.params;
    const cart = await carts.setMetadata(parseEdit(call), key, call.body.value);
    return instanceOfCart(cart, call.params);
  }),
  serve(removeCartMetadata, async (call) => {
    const cart = await carts.removeMetadata(parseEdit(call), call.params.key);
    return instanceOfCart(cart, call.params);
  }),
]);
