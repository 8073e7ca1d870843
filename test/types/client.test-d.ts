/**
 * What the client takes and answers, by the contract. The compiler is the test: each `@ts-expect-error` stands
 * above a mistake, and `tsc` (the first step of `npm test`) fails where one of them compiles.
 */
import { expectTypeOf } from "vitest";
import type { OperationName } from "../../client/contract.ts";
import { type AnswerOf, type Client, type InputOf, isProblem } from "../../client/index.ts";
import type { OrderStatus } from "../../shared/orders/order.ts";

declare const client: Client;
declare const thrown: unknown;

const params = { userId: "me" };

void client.placeOrder({ params, body: { paymentMethod: "sandbox" } });
// @ts-expect-error the body's field is misspelt
void client.placeOrder({ params, body: { paymentMethods: "sandbox" } });
// @ts-expect-error nobody pays that way
void client.placeOrder({ params, body: { paymentMethod: "cash" } });
// @ts-expect-error whose order it is stands in the path
void client.placeOrder({ body: { paymentMethod: "sandbox" } });
// @ts-expect-error there is no such operation
void client.placeOrders({ params });

// An operation without any part is asked for with nothing in it; others tell what they miss.
expectTypeOf<InputOf<"getItem">>().toExtend<{ readonly params: { readonly itemId: string } }>();
// @ts-expect-error which item is asked for?
void client.getItem({});

// What comes back has the fields of the contract, and no others.
const order = await client.getOrder({ params: { orderId: "ord_x" } });
expectTypeOf(order.totalMinor).toBeNumber();
expectTypeOf(order.status).toEqualTypeOf<OrderStatus>();
// @ts-expect-error money is in minor units, and says so
void order.total;
// @ts-expect-error there may be no payment yet
void order.payment.provider;
// @ts-expect-error no order has this status
if (order.status === "payed") throw new Error("never");

// A problem's code tells what else it carries.
if (isProblem(thrown, "LOCK_HELD")) {
  expectTypeOf(thrown.problem.lockedBy).toBeString();
  // @ts-expect-error whose lock it is, is told as `lockedBy`
  void thrown.problem.owner;
}

// Every operation of the contract is a method, and none answers whatever it likes.
expectTypeOf<Exclude<OperationName, keyof Client>>().toBeNever();
type Unchecked = {
  [Name in OperationName]: unknown extends AnswerOf<Name> ? Name : never;
}[OperationName];
expectTypeOf<Unchecked>().toBeNever();
