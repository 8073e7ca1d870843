/** Edits of lines whose price the caller gives. All else about such carts is what it is in a shop. */
import { type Cart, makeCartId, checkUnlocked } from "../model/cart.ts";
import { checkLineCount } from "../model/cart-limits.ts";
import { checkDistinct } from "../model/cart-lines.ts";
import {
  type GivenItem,
  type KeptItem,
  listGivenItems,
  makeGivenAddition,
  withGivenItems,
} from "../model/given-items.ts";
import { type CartEditAction, type EditRequest, makeEdit } from "../storage/cart-edits.ts";
import type { ReadCart } from "../storage/cart-row.ts";
import { addLineWrite } from "./cart-key-edits.ts";
import {
  createCollectionEditing,
  type CollectionEditingOptions,
} from "./collection-editing-service.ts";

/** Makes the edits. */
export function createGivenItems(options: CollectionEditingOptions) {
  const { contents, clock } = options;
  const { open, guarded, replaceInstance } = createCollectionEditing(options);

  function replaceBy(
    request: EditRequest,
    what: CartEditAction,
    change: (cart: ReadCart) => readonly GivenItem[] | Promise<readonly GivenItem[]>,
  ): Promise<Cart> {
    return guarded(request, "items", async () => {
      const { cart } = await open(request);
      const edit = makeEdit(request, what, clock());
      const plan = async (current: ReadCart) => {
        const given = await change(current);
        checkLineCount(given.length);
        checkDistinct(given);
        return replaceInstance(edit, current, (present) =>
          withGivenItems(present, given, edit.nowMs),
        );
      };
      return contents.settle(cart, plan, request.keyed);
    });
  }

  return {
    /**
     * Adds an item at this price, or raises the quantity of the line with the same attributes, which then costs this as
     * well. Two requests.
     *
     * @throws CartLocked, CurrencyMismatch, TooLarge; nothing was changed
     */
    async addItem(request: EditRequest, given: GivenItem): Promise<Cart> {
      const { carts } = await contents.read([makeCartId(request.userId, request.sessionId)]);
      const cart = carts[0]!;
      const edit = makeEdit(request, "cart.line_added", clock());
      checkUnlocked(cart, edit.nowMs);
      const addition = makeGivenAddition(given, edit.nowMs);
      const plan = (current: Cart) => addLineWrite(edit, current, addition);
      return contents.settle(cart, plan, request.keyed);
    },

    /**
     * Replaces all lines of an instance. Two requests, in locking mode four; with `expectedVersion` only if the contents
     * are still those, and without a lock.
     *
     * @throws CartLocked, VersionMismatch, CurrencyMismatch, TooLarge, LockTimeout; nothing was changed
     */
    putItems: (request: EditRequest, given: readonly GivenItem[]): Promise<Cart> =>
      replaceBy(request, "cart.items_replaced", () => given),

    /**
     * Replaces the lines by what `change` makes of them. Read, change and write are one: when somebody else was faster,
     * `change` is asked again, with what is there then; in locking mode others wait.
     *
     * @throws what `putItems` throws, and whatever `change` throws; nothing was changed
     */
    updateItems: (
      request: EditRequest,
      change: (items: readonly KeptItem[]) => readonly GivenItem[] | Promise<readonly GivenItem[]>,
    ): Promise<Cart> =>
      replaceBy(request, "cart.items_updated", (cart) =>
        change(listGivenItems(cart, request.instance)),
      ),
  };
}
