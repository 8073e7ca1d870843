/** Edits of single keys of a cart: one atomic update each, no lock, and no read but an item's price. */
import type { Clock } from "../../base/time.ts";
import { type Cart, type CartCondition, makeCartId, checkUnlocked } from "../model/cart.ts";
import { makeAddition, type WantedItem } from "../model/cart-lines.ts";
import type { CartContents } from "../storage/cart-store.ts";
import {
  CartMoved,
  type Edit,
  makeEdit,
  type CartEditAction,
  type EditRequest,
} from "../storage/cart-edits.ts";
import {
  addLineWrite,
  changeQuantityWrite,
  removeConditionWrite,
  removeLineWrite,
  removeMetadataWrite,
  setConditionWrite,
  setMetadataWrite,
} from "./cart-key-edits.ts";
import { jsonText } from "../model/cart-limits.ts";
import { parseCart } from "../storage/cart-row.ts";
import type { Write } from "../../table/write.ts";

/** Makes the edits of single keys. */
export function createCartEdits({ contents, clock }: { contents: CartContents; clock: Clock }) {
  const edit = (request: EditRequest, action: CartEditAction): Edit =>
    makeEdit(request, action, clock());

  function apply({ userId, sessionId, keyed }: EditRequest, write: Write): Promise<Cart> {
    return contents.apply(makeCartId(userId, sessionId), write, keyed);
  }

  /** Removing what is not there changes nothing and is no error: the refusal tells the cart. */
  async function removeIfThere(request: EditRequest, write: Write): Promise<Cart> {
    try {
      return await apply(request, write);
    } catch (error) {
      if (!(error instanceof CartMoved)) throw error;
      await contents.bindOnly(request.keyed);
      return parseCart(makeCartId(request.userId, request.sessionId), error.found);
    }
  }

  return {
    /**
     * Adds an item at its present price, or raises the quantity of the line with the same attributes. Two requests: one reads
     * the item and the cart together, so that a locked cart is refused after one.
     *
     * @throws CartLocked, ItemNotFound, ItemsUnavailable, CurrencyMismatch, TooLarge; nothing was changed
     * @example await carts.addLine({ userId, sessionId, instance: "menu", actor }, { itemId: "soup", quantity: 2 })
     */
    async addLine(request: EditRequest, wanted: WantedItem): Promise<Cart> {
      const { userId, sessionId } = request;
      const { carts, items } = await contents.read(
        [makeCartId(userId, sessionId)],
        [wanted.itemId],
      );
      const cart = carts[0]!;
      const added = edit(request, "cart.line_added");
      checkUnlocked(cart, added.nowMs);
      const addition = makeAddition(wanted, items.get(wanted.itemId), added);
      const plan = (current: Cart) => addLineWrite(added, current, addition);
      return contents.settle(cart, plan, request.keyed);
    },

    /**
     * Sets the quantity of a line; 0 removes it. One request.
     *
     * @throws CartLocked, CartLineNotFound; nothing was changed
     * @example await carts.changeQuantity({ userId, sessionId, instance: "menu", actor }, "soup", 3)
     */
    changeQuantity(request: EditRequest, lineId: string, quantity: number): Promise<Cart> {
      if (quantity === 0) return this.removeLine(request, lineId);
      const changed = { ...edit(request, "cart.quantity_changed"), lineId };
      return apply(request, changeQuantityWrite(changed, quantity));
    },

    /**
     * Removes a line. One request.
     *
     * @throws CartLocked, CartLineNotFound; nothing was changed
     * @example await carts.removeLine({ userId, sessionId, instance: "menu", actor }, "soup")
     */
    removeLine(request: EditRequest, lineId: string): Promise<Cart> {
      return apply(request, removeLineWrite({ ...edit(request, "cart.line_removed"), lineId }));
    },

    /**
     * Puts a condition in place of any of its name. One request. Safe to repeat.
     *
     * @throws CartLocked, TooLarge; nothing was changed
     * @example await carts.setCondition(at, { name: "vat", type: "tax", target: "total", value: "+19%", order: 1 })
     */
    setCondition(request: EditRequest, condition: CartCondition): Promise<Cart> {
      return apply(request, setConditionWrite(edit(request, "cart.condition_set"), condition));
    },

    /**
     * Removes a condition, if it is there. One request. Safe to repeat.
     *
     * @throws CartLocked; nothing was changed
     * @example await carts.removeCondition(at, "vat")
     */
    removeCondition(request: EditRequest, name: string): Promise<Cart> {
      return removeIfThere(
        request,
        removeConditionWrite(edit(request, "cart.condition_removed"), name),
      );
    },

    /**
     * Sets a metadata value, any JSON up to 4 KB. One request. Safe to repeat.
     *
     * @throws CartLocked, TooLarge; nothing was changed
     * @example await carts.setMetadata(at, "gift", { wrapped: true })
     */
    async setMetadata(request: EditRequest, key: string, value: unknown): Promise<Cart> {
      const json = jsonText(value, "A metadata value");
      return apply(request, setMetadataWrite(edit(request, "cart.metadata_set"), key, json));
    },

    /**
     * Removes a metadata value, if it is there. One request. Safe to repeat.
     *
     * @throws CartLocked; nothing was changed
     * @example await carts.removeMetadata(at, "gift")
     */
    removeMetadata(request: EditRequest, key: string): Promise<Cart> {
      return removeIfThere(
        request,
        removeMetadataWrite(edit(request, "cart.metadata_removed"), key),
      );
    },
  };
}
