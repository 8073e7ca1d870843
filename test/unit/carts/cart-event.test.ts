/** The cart-updated event: made of two images, the same for every delivery. */
import { expect, test } from "vitest";
import { cartUpdated } from "../../../shared/carts/storage/cart-event.ts";

const line = { name: "Soup", kind: "Menu", vendorId: null, unitPriceMinor: 450, addedAtMs: 1 };
const before = {
  cartId: "al%2Fice/s 1",
  version: 7,
  "line:menu:soup": line,
  "quantity:menu:soup": 1,
  "currency:menu": "EUR",
  "metadata:ticket:k": "1",
};
const change = { action: "quantity_changed", actor: "alice", atMs: 5 };
const after = { ...before, version: 8, "quantity:menu:soup": 3, change };

test("an edit tells what it left of each instance that it changed", () => {
  const event = cartUpdated(before, after);
  expect(event).toEqual({
    type: "cart-updated",
    cartId: "al%2Fice/s 1",
    userId: "al/ice",
    sessionId: "s 1",
    previousVersion: 7,
    version: 8,
    action: "quantity_changed",
    actor: "alice",
    changed: [{ instance: "menu", count: 3, totalMinor: 1_350, currency: "EUR" }],
  });
  expect(cartUpdated(before, after)).toEqual(event);
});

test("the first edit and the deletion by TTL are events too", () => {
  expect(cartUpdated(undefined, after)).toMatchObject({ previousVersion: 0, version: 8 });
  expect(cartUpdated(before, undefined)).toMatchObject({
    version: 0,
    actor: null,
    changed: [
      { instance: "menu", count: 0, totalMinor: 0, currency: null },
      { instance: "ticket", count: 0, totalMinor: 0, currency: null },
    ],
  });
});

test("locking and unlocking are none: the contents stay", () => {
  const lock = { orderId: "o", transactionId: "t", lockedAtMs: 1, expiresAtMs: 2 };
  expect(cartUpdated(before, { ...before, lock, checkouts: 1 })).toBeUndefined();
  expect(cartUpdated({ ...before, lock }, before)).toBeUndefined();
});
