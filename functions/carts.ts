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
import { claimCart, offerCartClaim } from "../shared/api/cart-claims.ts";
import { enterCartCode, removeCartCode } from "../shared/api/promotions.ts";
import { cartService, priceService } from "../shared/shop.ts";
import { answer } from "./runtime/answer.ts";
import { createCartAnswers } from "./runtime/cart-answers.ts";
import { createCartEditing } from "./runtime/cart-edit.ts";
import { createHandler, serve } from "./runtime/http.ts";
import { shop } from "./runtime/wiring.ts";

const carts = cartService(shop);
const answers = createCartAnswers(priceService(shop), carts);
const { wholeCart, instanceOfCart } = answers;
const { edited, editedWhole } = createCartEditing(carts, answers);

export const handler = createHandler([
  serve(getCart, async ({ params }) => wholeCart(await carts.get(params), params, true)),
  serve(getCartLock, async ({ params }) => answer(200, await carts.isCartLocked(params))),
  serve(getCartInstance, async ({ params }) =>
    instanceOfCart(await carts.get(params), params, true),
  ),
  serve(mergeCart, (call) =>
    editedWhole(call, (edit) => {
      const { from, strategy } = call.body;
      return carts.merge({ ...edit, fromSessionId: from.sessionId, strategy });
    }),
  ),
  serve(offerCartClaim, async ({ params, actor }) =>
    answer(201, await carts.offerClaim(params, actor)),
  ),
  serve(claimCart, async ({ params, body, actor }) =>
    wholeCart(await carts.claim({ ...params, ...body, actor }), params),
  ),
  serve(clearCartInstance, (call) => edited(call, (edit) => carts.clear(edit))),
  serve(addCartItem, (call) => edited(call, (edit) => carts.addLine(edit, call.body))),
  serve(replaceCartItems, (call) => edited(call, (edit) => carts.putItems(edit, call.body))),
  serve(changeCartItem, (call) => {
    const { params, body } = call;
    return edited(call, (edit) => carts.changeQuantity(edit, params.lineId, body.quantity));
  }),
  serve(removeCartItem, (call) =>
    edited(call, (edit) => carts.removeLine(edit, call.params.lineId)),
  ),
  serve(setCartCondition, (call) => {
    const condition = { ...call.body, name: call.params.name };
    return edited(call, (edit) => carts.setCondition(edit, condition));
  }),
  serve(removeCartCondition, (call) =>
    edited(call, (edit) => carts.removeCondition(edit, call.params.name)),
  ),
  serve(enterCartCode, (call) => edited(call, (edit) => carts.enterCode(edit, call.body.code))),
  serve(removeCartCode, (call) => edited(call, (edit) => carts.removeCode(edit, call.params.code))),
  serve(setCartMetadata, (call) =>
    edited(call, (edit) => carts.setMetadata(edit, call.params.key, call.body.value)),
  ),
  serve(removeCartMetadata, (call) =>
    edited(call, (edit) => carts.removeMetadata(edit, call.params.key)),
  ),
]);
