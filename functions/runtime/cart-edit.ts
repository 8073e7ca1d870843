/** What a request says of an edit of a cart, beside the edit itself. */
import type { Actor } from "../../shared/base/actor.ts";
import type { InstanceAddress } from "../../shared/carts/model/cart.ts";
import type { EditRequest } from "../../shared/carts/storage/cart-edits.ts";
import { expectedVersion, type Preconditions } from "./entity-tag.ts";

interface EditCall {
  readonly params: InstanceAddress;
  readonly headers: Preconditions;
  readonly actor: Actor;
}

/** Whose cart is edited, by whom, and which version of it is expected. */
export function parseEdit({ params, headers, actor }: EditCall): EditRequest {
  const { userId, sessionId, instance } = params;
  return { userId, sessionId, instance, actor, expectedVersion: expectedVersion(headers) };
}
