/** The contract of carts: read, edit, replace, merge, and the lock of a payment. */
import { z } from "zod";
import { mergeStrategies } from "../carts/model/merging.ts";
import {
  cartInstanceView,
  cartLockView,
  cartParams,
  cartView,
  conditionBody,
  conditionParams,
  instanceParams,
  lineParams,
  metadataBody,
  metadataParams,
  wantedItem,
} from "./cart-fields.ts";
import { maxLines } from "../carts/model/cart-limits.ts";
import { endpoint, largeBodyBytes, linesBodyParts } from "./endpoint.ts";
import { maxQuantity, sessionIdField } from "./fields.ts";
import { editHeaders, readPreconditions } from "./preconditions.ts";

const cartPath = "/carts/{userId}/{sessionId}";
const instancePath = `${cartPath}/{instance}`;
const editErrors = ["CART_LOCKED", "VERSION_MISMATCH", "TOO_LARGE", "IDEMPOTENCY_KEY_REUSED"];
const wiring = { function: "carts", access: "caller" } as const;
const edited = { headers: editHeaders, answers: { 200: cartInstanceView } } as const;

/** `GET /carts/{userId}/{sessionId}` */
export const getCart = endpoint("getCart", "GET", cartPath, {
  ...wiring,
  summary: "Read every instance of a session's cart, with totals, version and lock.",
  params: cartParams,
  headers: readPreconditions,
  answers: { 200: cartView },
  errors: ["VERSION_MISMATCH"],
});

/** `GET /carts/{userId}/{sessionId}/lock` */
export const getCartLock = endpoint("getCartLock", "GET", `${cartPath}/lock`, {
  ...wiring,
  summary: "Whether the cart is locked for a payment, for which and until when.",
  params: cartParams,
  answers: { 200: z.object({ isLocked: z.boolean(), lock: cartLockView.nullable() }) },
});

/** `POST /carts/{userId}/{sessionId}/merge` */
export const mergeCart = endpoint("mergeCart", "POST", `${cartPath}/merge`, {
  ...wiring,
  summary:
    "Move another session's cart of the same user into this one, administrators' conditions too, all of it or nothing.",
  params: cartParams,
  headers: editHeaders,
  body: z.strictObject({
    from: z.strictObject({ sessionId: sessionIdField }),
    strategy: z.enum(mergeStrategies).default("sum"),
  }),
  example: { from: { sessionId: "guest" }, strategy: "sum" },
  answers: { 200: cartView },
  errors: [...editErrors, "CURRENCY_MISMATCH"],
});

/** `GET …/{instance}` */
export const getCartInstance = endpoint("getCartInstance", "GET", instancePath, {
  ...wiring,
  summary: "Read one instance; one that nobody has used yet is empty.",
  params: instanceParams,
  headers: readPreconditions,
  answers: { 200: cartInstanceView },
  errors: ["VERSION_MISMATCH"],
});

/** `DELETE …/{instance}` */
export const clearCartInstance = endpoint("clearCartInstance", "DELETE", instancePath, {
  ...wiring,
  ...edited,
  summary: "Empty an instance: its lines and metadata; what administrators set stays.",
  params: instanceParams,
  errors: [...editErrors, "LOCK_TIMEOUT"],
});

/** `POST …/{instance}/items` */
export const addCartItem = endpoint("addCartItem", "POST", `${instancePath}/items`, {
  ...wiring,
  ...edited,
  summary:
    "Add an item at the shop's price, or raise the quantity of the line with the same attributes.",
  params: instanceParams,
  body: wantedItem,
  example: { itemId: "chair", quantity: 2, attributes: { engraving: "Ada" } },
  errors: [...editErrors, "ITEM_NOT_FOUND", "ITEMS_UNAVAILABLE", "CURRENCY_MISMATCH"],
});

/** `PUT …/{instance}/items` */
export const replaceCartItems = endpoint("replaceCartItems", "PUT", `${instancePath}/items`, {
  ...wiring,
  ...edited,
  summary: "Replace all lines of an instance, at the shop's prices.",
  params: instanceParams,
  body: z.array(wantedItem).max(maxLines),
  maxBodyBytes: largeBodyBytes,
  maxBodyParts: linesBodyParts,
  example: [
    { itemId: "chair", quantity: 2 },
    { itemId: "table", quantity: 1, attributes: { colour: "oak" } },
  ],
  errors: [
    ...editErrors,
    "ITEM_NOT_FOUND",
    "ITEMS_UNAVAILABLE",
    "CURRENCY_MISMATCH",
    "LOCK_TIMEOUT",
  ],
});

/** `PATCH …/{instance}/items/{lineId}` */
export const changeCartItem = endpoint(
  "changeCartItem",
  "PATCH",
  `${instancePath}/items/{lineId}`,
  {
    ...wiring,
    ...edited,
    summary: "Set the quantity of a line; 0 removes it.",
    params: lineParams,
    body: z.strictObject({ quantity: z.int().min(0).max(maxQuantity) }),
    example: { quantity: 3 },
    errors: [...editErrors, "CART_LINE_NOT_FOUND"],
  },
);

/** `DELETE …/{instance}/items/{lineId}` */
export const removeCartItem = endpoint(
  "removeCartItem",
  "DELETE",
  `${instancePath}/items/{lineId}`,
  {
    ...wiring,
    ...edited,
    summary: "Remove a line.",
    params: lineParams,
    errors: [...editErrors, "CART_LINE_NOT_FOUND"],
  },
);

/** `PUT …/{instance}/conditions/{name}` */
export const setCartCondition = endpoint(
  "setCartCondition",
  "PUT",
  `${instancePath}/conditions/{name}`,
  {
    ...wiring,
    ...edited,
    access: "admin",
    summary: "Set a discount, tax, shipping or fee; what an order costs is for the shop to say.",
    params: conditionParams,
    body: conditionBody,
    example: { type: "discount", target: "total", value: "-10%" },
    errors: editErrors,
  },
);

/** `DELETE …/{instance}/conditions/{name}` */
export const removeCartCondition = endpoint(
  "removeCartCondition",
  "DELETE",
  `${instancePath}/conditions/{name}`,
  {
    ...wiring,
    ...edited,
    access: "admin",
    summary: "Remove a condition, if it is there.",
    params: conditionParams,
    errors: editErrors,
  },
);

/** `PUT …/{instance}/metadata/{key}` */
export const setCartMetadata = endpoint(
  "setCartMetadata",
  "PUT",
  `${instancePath}/metadata/{key}`,
  {
    ...wiring,
    ...edited,
    summary: "Set a metadata value: any JSON up to 4 KB.",
    params: metadataParams,
    body: metadataBody,
    example: { wrapping: "paper", message: "Happy birthday" },
    errors: editErrors,
  },
);

/** `DELETE …/{instance}/metadata/{key}` */
export const removeCartMetadata = endpoint(
  "removeCartMetadata",
  "DELETE",
  `${instancePath}/metadata/{key}`,
  {
    ...wiring,
    ...edited,
    summary: "Remove a metadata value, if it is there.",
    params: metadataParams,
    errors: editErrors,
  },
);

/** The endpoints of this domain. */
export const cartEndpoints = [
  getCart,
  getCartLock,
  mergeCart,
  getCartInstance,
  clearCartInstance,
  addCartItem,
  replaceCartItems,
  changeCartItem,
  removeCartItem,
  setCartCondition,
  removeCartCondition,
  setCartMetadata,
  removeCartMetadata,
] as const;
