/** What a request says of an edit of a cart, and how it is carried out: once, where it has a key. */
import type { APIGatewayProxyEventV2WithJWTAuthorizer } from "aws-lambda";
import type { Actor } from "../../shared/base/actor.ts";
import type { CartService } from "../../shared/carts/cart-service.ts";
import type { Cart, CartAddress, InstanceAddress } from "../../shared/carts/model/cart.ts";
import type { EditRequest } from "../../shared/carts/storage/cart-edits.ts";
import { keyedRequest } from "../../shared/table/request-memory.ts";
import { type Answer, replayed } from "./answer.ts";
import type { CartAnswers } from "./cart-answers.ts";
import { expectedVersion, type Preconditions } from "./entity-tag.ts";

interface EditCall<Address extends CartAddress = InstanceAddress> {
  readonly params: Address;
  readonly headers: Preconditions & { readonly "idempotency-key"?: string | undefined };
  readonly body?: unknown;
  readonly actor: Actor;
  readonly event: Pick<APIGatewayProxyEventV2WithJWTAuthorizer, "routeKey">;
}

/** Which version of the cart is expected, by whom it is edited, and under which key: it binds address and body. */
function parseCall({ params, headers, body, actor, event }: EditCall<CartAddress>) {
  const content = [event.routeKey, params, body];
  const keyed = keyedRequest(actor.id, headers["idempotency-key"], content);
  return { actor, expectedVersion: expectedVersion(headers), keyed };
}

/** Makes what carries edits out and answers them. */
export function createCartEditing(
  carts: Pick<CartService, "once">,
  { wholeCart, instanceOfCart }: CartAnswers,
) {
  return {
    /** An edit of a named cart, answered with that one. */
    async edited(call: EditCall, edit: (request: EditRequest) => Promise<Cart>) {
      const { userId, sessionId, instance } = call.params;
      const request = { userId, sessionId, instance, ...parseCall(call) };
      const { cart, isReplayed } = await carts.once(request, () => edit(request));
      return told(await instanceOfCart(cart, call.params), isReplayed);
    },

    /** An edit of all of a session's cart, answered with all of it. */
    async editedWhole<Call extends EditCall<CartAddress>>(
      call: Call,
      edit: (request: ReturnType<typeof parseCall> & CartAddress) => Promise<Cart>,
    ) {
      const { userId, sessionId } = call.params;
      const request = { userId, sessionId, ...parseCall(call) };
      const { cart, isReplayed } = await carts.once(request, () => edit(request));
      return told(await wholeCart(cart, call.params), isReplayed);
    },
  };
}

/** The answer, saying so where it is that of a repetition. */
function told<A extends Answer>(answer: A, isReplayed: boolean): A {
  return { ...answer, headers: { ...answer.headers, ...replayed(isReplayed) } };
}
