/** Conditions and metadata of a named cart under the guard of its collections, and emptying it. */
import {
  type Cart,
  type CartCondition,
  makeCartId,
  emptyInstance,
  selectInstance,
} from "../model/cart.ts";
import { makeEdit, type EditRequest } from "../storage/cart-edits.ts";
import type { ReadCart } from "../storage/cart-row.ts";
import { setMetadataWrite } from "./cart-key-edits.ts";
import { jsonText } from "../model/cart-limits.ts";
import {
  createCollectionEditing,
  type CollectionEditingOptions,
} from "./collection-editing-service.ts";

/** Makes the operations on conditions, metadata and all of an instance. */
export function createCartProperties(options: CollectionEditingOptions) {
  const { contents, clock } = options;
  const { open, guarded, replaceInstance } = createCollectionEditing(options);

  return {
    /**
     * Replaces all conditions of an instance. Two requests, in locking mode four.
     *
     * @throws CartLocked, VersionMismatch, TooLarge, LockTimeout; nothing was changed
     * @example await carts.putConditions(at, [{ name: "vat", type: "tax", target: "total", value: "+19%", order: 1 }])
     */
    putConditions(request: EditRequest, conditions: readonly CartCondition[]): Promise<Cart> {
      return guarded(request, "conditions", async () => {
        const { cart } = await open(request);
        const edit = makeEdit(request, "cart.conditions_replaced", clock());
        const plan = (current: ReadCart) =>
          replaceInstance(edit, current, (present) => ({ ...present, conditions }));
        return contents.settle(cart, plan, request.keyed);
      });
    },

    /**
     * Sets one metadata value, any JSON up to 4 KB. One request, in locking mode three.
     *
     * @throws CartLocked, VersionMismatch, TooLarge, LockTimeout; nothing was changed
     * @example await carts.putMetadata(at, "gift", { wrapped: true })
     */
    async putMetadata(request: EditRequest, key: string, value: unknown): Promise<Cart> {
      const json = jsonText(value, "A metadata value");
      const name = encodeURIComponent(key);
      return guarded(request, `metadata/${name}`, () => {
        const edit = makeEdit(request, "cart.metadata_set", clock());
        const cartId = makeCartId(request.userId, request.sessionId);
        return contents.apply(cartId, setMetadataWrite(edit, key, json), request.keyed);
      });
    },

    /**
     * Empties an instance: lines, metadata and codes. Conditions are the shop's and stay. Two requests, in locking
     * mode four; one where there is nothing to empty.
     *
     * @throws CartLocked, VersionMismatch, LockTimeout; nothing was changed
     * @example await carts.clear({ ...at, actor })
     */
    clear(request: EditRequest): Promise<Cart> {
      return guarded(request, "items", async () => {
        const { cart } = await open(request);
        const { lines, metadata, codes } = selectInstance(cart, request.instance);
        if (lines.length === 0 && metadata.size === 0 && !codes) {
          await contents.bindOnly(request.keyed);
          return cart;
        }
        const edit = makeEdit(request, "cart.cleared", clock());
        const plan = (current: ReadCart) =>
          replaceInstance(edit, current, ({ instance, conditions }) => {
            return { ...emptyInstance(instance), conditions };
          });
        return contents.settle(cart, plan, request.keyed);
      });
    },
  };
}
