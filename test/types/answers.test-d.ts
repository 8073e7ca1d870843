/**
 * What a handler may answer, by its endpoint. The compiler is the test: each `@ts-expect-error` stands above a
 * mistake, and `tsc` (the first step of `npm test`) fails where one of them compiles.
 */
import { expectTypeOf } from "vitest";
import { answer, type AnswerTo } from "../../functions/runtime/answer.ts";
import { serve } from "../../functions/runtime/http.ts";
import type { Endpoint } from "../../shared/api/endpoint.ts";
import { endpoints } from "../../shared/api/index.ts";
import { getOrder, placeOrder } from "../../shared/api/orders.ts";
import { getCartLock } from "../../shared/api/carts.ts";
import { orderView } from "../../shared/orders/order-view.ts";
import type { Contract } from "../../client/contract.ts";

declare const order: Parameters<typeof orderView>[0];
declare const anything: any; // oxlint-disable-line typescript/no-explicit-any

serve(getOrder, async () => answer(200, orderView(order)));
serve(placeOrder, async () => answer(201, orderView(order), { location: "/orders/x" }));

// @ts-expect-error an order's view has a total
serve(getOrder, async () => {
  const { totalMinor: _total, ...rest } = orderView(order);
  return answer(200, rest);
});

// @ts-expect-error nor is it text
serve(getOrder, async () => answer(200, { ...orderView(order), totalMinor: "9" }));

// @ts-expect-error the contract has no 202 for it
serve(getOrder, async () => answer(202, orderView(order)));

// @ts-expect-error a lock that is missing is null, not left out
serve(getCartLock, async () => answer(200, { isLocked: false }));

// @ts-expect-error whatever it is, it has to be something
serve(getOrder, async () => answer(200, anything));

// Whoever may answer anything would not be checked at all: no operation may.
type Unchecked = {
  [Name in keyof Contract]: Contract[Name] extends Endpoint
    ? unknown extends AnswerTo<Contract[Name]>["body"]
      ? Name
      : never
    : never;
}[keyof Contract];
expectTypeOf<Unchecked>().toBeNever();
expectTypeOf(orderView).returns.not.toBeAny();
expectTypeOf(endpoints).toExtend<readonly Endpoint[]>();
