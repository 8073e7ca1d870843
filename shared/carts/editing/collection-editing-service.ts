/** What every edit of a whole collection does: guard it, open the cart, put another one in its place. */
import type { Clock } from "../../base/time.ts";
import type { Write } from "../../table/write.ts";
import { isExpected } from "../../table/versions.ts";
import {
  makeCartId,
  type CartInstance,
  checkUnlocked,
  selectInstance,
  VersionMismatch,
} from "../model/cart.ts";
import type { CartContents, Contents } from "../storage/cart-store.ts";
import type { Edit, EditRequest } from "../storage/cart-edits.ts";
import type { ReadCart } from "../storage/cart-row.ts";
import { replaceWrite, withInstance } from "./cart-replacement.ts";
import type { Collection, CollectionGuard } from "./collection-guard.ts";

/** What edits of collections are made of. */
export interface CollectionEditingOptions {
  readonly contents: CartContents;
  readonly guard: CollectionGuard;
  readonly clock: Clock;
}

/** A cart that may be edited, and the items that were read with it. */
interface OpenCart {
  readonly cart: ReadCart;
  readonly items: Contents["items"];
}

/** Makes the steps of which edits of collections consist. */
export function createCollectionEditing({ contents, guard, clock }: CollectionEditingOptions) {
  return {
    /** Reads a cart; a locked one or a stale version is refused before anything is written. */
    async open(request: EditRequest, itemIds: readonly string[] = []): Promise<OpenCart> {
      const { userId, sessionId, expectedVersion } = request;
      const { carts, items } = await contents.read([makeCartId(userId, sessionId)], itemIds);
      const cart = carts[0]!;
      checkUnlocked(cart, clock());
      if (!isExpected(expectedVersion, cart.version)) throw new VersionMismatch(cart.version);
      return { cart, items };
    },

    /** Runs work under the collection's guard; what the caller saw, `If-Match`, needs no lock. */
    guarded<T>(request: EditRequest, collection: Collection, work: () => Promise<T>): Promise<T> {
      return request.expectedVersion === undefined ? guard(request, collection, work) : work();
    },

    /** The write that changes one instance of a cart and leaves all else as it was read. */
    replaceInstance(
      edit: Edit,
      cart: ReadCart,
      change: (present: CartInstance) => CartInstance,
    ): Write {
      const present = selectInstance(cart, edit.address.instance);
      return replaceWrite(edit, cart, withInstance(cart, change(present)));
    },
  };
}
