/** The contract as types: what each operation takes and answers. Nothing of it is left when the client runs. */
import type { z } from "zod";
import type * as admin from "../shared/api/admin.ts";
import type * as carts from "../shared/api/carts.ts";
import type * as cartClaims from "../shared/api/cart-claims.ts";
import type * as documents from "../shared/api/documents.ts";
import type { Endpoint } from "../shared/api/endpoint.ts";
import type * as toldEvents from "../shared/api/told-events.ts";
import type * as fulfilments from "../shared/api/fulfilments.ts";
import type * as live from "../shared/api/live.ts";
import type * as lockFields from "../shared/api/lock-fields.ts";
import type * as locks from "../shared/api/locks.ts";
import type * as namedLocks from "../shared/api/named-locks.ts";
import type * as itemLines from "../shared/api/item-lines.ts";
import type * as items from "../shared/api/items.ts";
import type * as ledger from "../shared/api/ledger.ts";
import type * as orderClaims from "../shared/api/order-claims.ts";
import type * as orders from "../shared/api/orders.ts";
import type * as paymentAdmin from "../shared/api/payment-admin.ts";
import type * as payments from "../shared/api/payments.ts";
import type * as promotions from "../shared/api/promotions.ts";
import type * as platform from "../shared/api/platform.ts";
import type * as trials from "../shared/api/trials.ts";

type EndpointsOf<Module> = {
  [Name in keyof Module as Module[Name] extends Endpoint ? Name : never]: Module[Name];
};

/** Every operation of every domain, by its name. */
export type Contract = EndpointsOf<typeof admin> &
  EndpointsOf<typeof carts> &
  EndpointsOf<typeof cartClaims> &
  EndpointsOf<typeof orderClaims> &
  EndpointsOf<typeof documents> &
  EndpointsOf<typeof toldEvents> &
  EndpointsOf<typeof fulfilments> &
  EndpointsOf<typeof live> &
  EndpointsOf<typeof locks> &
  EndpointsOf<typeof namedLocks> &
  EndpointsOf<typeof items> &
  EndpointsOf<typeof itemLines> &
  EndpointsOf<typeof ledger> &
  EndpointsOf<typeof orders> &
  EndpointsOf<typeof paymentAdmin> &
  EndpointsOf<typeof payments> &
  EndpointsOf<typeof promotions> &
  EndpointsOf<typeof platform> &
  EndpointsOf<typeof trials>;

/** The name of an operation, for example `placeOrder`. */
export type OperationName = keyof Contract & string;

type Part = "params" | "query" | "headers" | "body";
type PartOf<Name extends OperationName, P extends Part> = Contract[Name] extends {
  readonly [Key in P]: infer Schema;
}
  ? z.input<Schema>
  : never;

/** Parts without fields are left out; parts whose fields may all be left out may be, too. */
type PartInput<P extends Part, Value> = string extends keyof Value
  ? object
  : object extends Value
    ? { readonly [Key in P]?: Value }
    : { readonly [Key in P]: Value };

/** What an operation takes: the parameters of its path, its query, its headers and its body. */
export type InputOf<Name extends OperationName> = PartInput<"params", PartOf<Name, "params">> &
  PartInput<"query", PartOf<Name, "query">> &
  PartInput<"headers", PartOf<Name, "headers">> &
  PartInput<"body", PartOf<Name, "body">>;

/** What an operation answers when it succeeds. */
export type AnswerOf<Name extends OperationName> = Contract[Name] extends {
  readonly answers: infer Answers;
}
  ? Answers[keyof Answers] extends z.ZodType
    ? z.output<Answers[keyof Answers]>
    : never
  : never;

/** Who has a lock, since when, until when. */
export type LockInfo = z.output<typeof lockFields.lockInfo>;
