/**
 * What an order has, by its status. The compiler is the test: each `@ts-expect-error` stands above a mistake, and
 * `tsc` (the first step of `npm test`) fails where one of them compiles.
 */
import { expectTypeOf } from "vitest";
import type { EpochMs } from "../../shared/base/time.ts";
import type { CapturedPayment, Order, OrderStatus } from "../../shared/orders/order.ts";

declare const order: Order;

// Every status stands for exactly one of the kinds.
expectTypeOf<Order["status"]>().toEqualTypeOf<OrderStatus>();

if (order.status === "paid") expectTypeOf(order.payment).toEqualTypeOf<CapturedPayment>();
if (order.status === "refund_due") expectTypeOf(order.payment).toEqualTypeOf<CapturedPayment>();

if (order.status === "pending") {
  expectTypeOf(order.dueAtMs).toEqualTypeOf<EpochMs>();
  // @ts-expect-error a payment may not have started
  void order.payment.transactionId;
}

// @ts-expect-error nobody knows yet whether there is a payment
void order.payment.transactionId;

type Pending = Extract<Order, { status: "pending" }>;
declare const facts: Omit<Pending, "status" | "payment">;
declare const timeless: Omit<Pending, "status" | "dueAtMs">;
declare const captured: CapturedPayment;

export const paid: Order = { ...facts, status: "paid", payment: captured };
// @ts-expect-error a pending order has a deadline
export const endless: Order = { ...timeless, status: "pending" };
// @ts-expect-error a paid order has a payment
export const unpaid: Order = { ...facts, status: "paid" };
// @ts-expect-error an order whose money goes back has had some
export const moneyless: Order = { ...facts, status: "refund_due" };
