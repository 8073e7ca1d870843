/** Every operation's method and path, made from the contract by `generate-operations.ts`; not to be edited. */
import type { OperationName } from "./contract.ts";

/** Whether an operation may be sent again when its answer was lost: never, as it is, or with a key. */
export type Repetition = "no" | "safe" | "key";

/** Method, path, and whether it may be repeated. */
export type Operation = readonly [method: string, path: string, repeat: Repetition];

// prettier-ignore
/** Every operation by its name. */
export const operations: Readonly<Record<OperationName, Operation>> = {
  acquireLock: ["POST","/api/lock/acquire","safe"],
  addCartItem: ["POST","/carts/{userId}/{sessionId}/{instance}/items","no"],
  adjustStock: ["POST","/inventory/{itemId}/adjust","safe"],
  askInLine: ["GET","/api/lock/queue","safe"],
  cancelOrder: ["POST","/orders/{orderId}/cancel","no"],
  changeCartItem: ["PATCH","/carts/{userId}/{sessionId}/{instance}/items/{itemId}","no"],
  changeItem: ["PATCH","/items/{itemId}","no"],
  checkInventory: ["GET","/admin/inventory/check","safe"],
  cleanupLocks: ["POST","/admin/locks/cleanup","no"],
  clearAllLocks: ["POST","/admin/locks/clear-all","no"],
  clearCartInstance: ["DELETE","/carts/{userId}/{sessionId}/{instance}","no"],
  clearTestLocks: ["POST","/api/v1/test/locks/clear-test-locks","no"],
  createItem: ["POST","/items","no"],
  decrementStock: ["POST","/inventory/{itemId}/decrement","safe"],
  editDocument: ["POST","/api/documents/edit","safe"],
  extendLock: ["POST","/api/lock/extend","safe"],
  forceReleaseLock: ["POST","/api/lock/force-release","key"],
  getCart: ["GET","/carts/{userId}/{sessionId}","safe"],
  getCartInstance: ["GET","/carts/{userId}/{sessionId}/{instance}","safe"],
  getCartLock: ["GET","/carts/{userId}/{sessionId}/lock","safe"],
  getDocument: ["GET","/api/documents","safe"],
  getItem: ["GET","/items/{itemId}","safe"],
  getLockStatus: ["GET","/api/lock/status","safe"],
  getOrder: ["GET","/orders/{orderId}","safe"],
  health: ["GET","/health","safe"],
  incrementStock: ["POST","/inventory/{itemId}/increment","safe"],
  initiatePayment: ["POST","/payments/initiate","no"],
  itemLocks: ["GET","/admin/locks/items/{itemId}","safe"],
  leaveLine: ["DELETE","/api/lock/queue","safe"],
  listAudit: ["GET","/admin/audit","safe"],
  listItems: ["GET","/items","safe"],
  listLocks: ["GET","/admin/locks","safe"],
  listMovements: ["GET","/inventory/{itemId}/movements","safe"],
  listOrders: ["GET","/orders","safe"],
  lockStats: ["GET","/admin/locks/stats","safe"],
  mergeCart: ["POST","/carts/{userId}/{sessionId}/merge","no"],
  openapi: ["GET","/openapi.json","safe"],
  paySandbox: ["POST","/sandbox/pay","no"],
  placeOrder: ["POST","/order/{userId}","key"],
  receiveWebhook: ["POST","/webhooks/{provider}","no"],
  refundPayment: ["POST","/payments/{orderId}/refund","no"],
  releaseLock: ["POST","/api/lock/release","key"],
  releaseOrder: ["POST","/admin/locks/release/{orderId}","no"],
  removeCartCondition: ["DELETE","/carts/{userId}/{sessionId}/{instance}/conditions/{name}","no"],
  removeCartItem: ["DELETE","/carts/{userId}/{sessionId}/{instance}/items/{itemId}","no"],
  removeCartMetadata: ["DELETE","/carts/{userId}/{sessionId}/{instance}/metadata/{key}","no"],
  replaceCartItems: ["PUT","/carts/{userId}/{sessionId}/{instance}/items","no"],
  saveDocument: ["PUT","/api/documents","key"],
  setCartCondition: ["PUT","/carts/{userId}/{sessionId}/{instance}/conditions/{name}","no"],
  setCartMetadata: ["PUT","/carts/{userId}/{sessionId}/{instance}/metadata/{key}","no"],
  setDocumentAccess: ["PUT","/api/documents/{docId}/access","safe"],
  testConcurrentAccess: ["POST","/api/v1/test/inventory/test-concurrent-access","no"],
  testDecrement: ["POST","/api/v1/test/inventory/test-decrement","no"],
  testLockStatus: ["GET","/api/v1/test/locks/status","safe"],
  verifyPayment: ["POST","/payment/verify","no"],
};
