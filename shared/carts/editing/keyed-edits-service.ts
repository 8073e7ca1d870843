/** Edits under idempotency keys: a repeated one is answered with the cart, and changes nothing. */
import type { Clock } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import {
  judgeKey,
  type KeyedRequest,
  KeyReused,
  requestPlace,
} from "../../table/request-memory.ts";
import { type Cart, type CartAddress, makeCartId } from "../model/cart.ts";
import { cartPlace, parseCart } from "../storage/cart-row.ts";

/** Whose cart an edit is of, and its key if it has one. */
interface KeyedEdit extends CartAddress {
  readonly keyed?: KeyedRequest | undefined;
}

/** Makes `once`. */
export function createKeyedEdits({ database, clock }: { database: Database; clock: Clock }) {
  return {
    /**
     * Does an edit once for its key, for a day: repeated, it answers with the cart as it is by then. Whatever an edit
     * is refused for, its key goes first: its own effect may be the very reason. One request more where an edit with
     * a key was refused, none otherwise.
     *
     * @throws KeyReused when the key was used for another edit, or at another address; nothing was changed
     * @throws what the edit throws
     * @example const { cart, isReplayed } = await carts.once(request, () => carts.removeLine(request, "soup"))
     */
    async once(
      { userId, sessionId, keyed }: KeyedEdit,
      edit: () => Promise<Cart>,
    ): Promise<{ readonly cart: Cart; readonly isReplayed: boolean }> {
      try {
        return { cart: await edit(), isReplayed: false };
      } catch (error) {
        if (!keyed) throw error;
        const cartId = makeCartId(userId, sessionId);
        const [row, found] = await database.getTogether([cartPlace(cartId), requestPlace(keyed)]);
        const known = judgeKey(found, keyed, clock());
        if (!known) throw error;
        if (known instanceof KeyReused) throw known;
        return { cart: parseCart(cartId, row), isReplayed: true };
      }
    },
  };
}
