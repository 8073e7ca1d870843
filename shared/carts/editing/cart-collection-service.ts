/** The lines of a named cart as a whole, for the API and for other functions: read and replaced. */
import {
  type Cart,
  type CartAddress,
  makeCartId,
  type CartLine,
  type InstanceAddress,
  selectInstance,
} from "../model/cart.ts";
import {
  checkDistinct,
  type WantedItem,
  withLines,
  indexLines,
  makeLineId,
} from "../model/cart-lines.ts";
import type { ReadCart } from "../storage/cart-row.ts";
import type { Contents } from "../storage/cart-store.ts";
import { makeEdit, type EditRequest } from "../storage/cart-edits.ts";
import { checkLineCount } from "../model/cart-limits.ts";
import {
  createCollectionEditing,
  type CollectionEditingOptions,
} from "./collection-editing-service.ts";

/** A line as the library hands it out, its attributes as a value. */
export interface CartItem extends Omit<CartLine, "attributes"> {
  readonly attributes?: Readonly<Record<string, unknown>>;
}

/** A stored line with its attributes as a value again. */
function parseItem({ attributes, ...line }: CartLine): CartItem {
  return attributes === undefined ? line : { ...line, attributes: JSON.parse(attributes) };
}

/** Adds the facts of items that are neither in the cart nor read yet. */
async function withMissingFacts(
  contents: CollectionEditingOptions["contents"],
  lines: readonly CartLine[],
  wanted: readonly WantedItem[],
  items: Contents["items"],
): Promise<Contents["items"]> {
  const known = indexLines(lines);
  const unread = wanted
    .filter((each) => !known.has(makeLineId(each.itemId, each.attributes)))
    .map(({ itemId }) => itemId)
    .filter((itemId) => !items.has(itemId));
  if (unread.length === 0) return items;
  const read = await contents.read([], unread);
  return new Map([...items, ...read.items]);
}

/** Makes the operations on the lines of a cart as a whole. */
export function createCartCollections(options: CollectionEditingOptions) {
  const { contents, clock } = options;
  const { open, guarded, replaceInstance } = createCollectionEditing(options);

  return {
    /**
     * The lines of an instance, and the version that a replacement of them may be guarded by. One
     * request.
     *
     * @example const { items, version } = await carts.getItems({ userId, sessionId, instance: "menu" })
     */
    async getItems({ userId, sessionId, instance }: InstanceAddress) {
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      const cart = carts[0]!;
      return { items: selectInstance(cart, instance).lines.map(parseItem), version: cart.version };
    },

    /** The version of a cart's contents; 0 for one that was never used. One request. */
    async getVersion({ userId, sessionId }: CartAddress): Promise<number> {
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      return carts[0]!.version;
    },

    /**
     * Replaces all lines of an instance, at the shop's prices of now. Two requests for up to 99 items
     * (one batched read, one write); in locking mode four. With `expectedVersion`, only if the
     * contents are still those, and without a lock.
     *
     * @throws CartLocked, VersionMismatch, ItemNotFound, CurrencyMismatch, TooLarge, LockTimeout;
     * nothing was changed
     * @example await carts.putItems({ ...at, actor, expectedVersion }, [{ itemId: "soup", quantity: 1 }])
     */
    async putItems(request: EditRequest, wanted: readonly WantedItem[]): Promise<Cart> {
      checkLineCount(wanted.length);
      checkDistinct(wanted);
      return guarded(request, "items", async () => {
        const { cart, items } = await open(
          request,
          wanted.map(({ itemId }) => itemId),
        );
        const edit = makeEdit(request, "cart.items_replaced", clock());
        const plan = (current: ReadCart) =>
          replaceInstance(edit, current, (present) =>
            withLines(present, wanted, items, edit.nowMs),
          );
        return contents.settle(cart, plan, request.keyed);
      });
    },

    /**
     * Replaces the lines by what `change` makes of them. Read, change and write are one: when somebody
     * else was faster, `change` is asked again, with what is there then; in locking mode others wait.
     * Lines that stay keep their price. Items named in `reads` are read together with the cart, at
     * their price of now; other new ones cost one more request.
     *
     * @throws what `putItems` throws, and whatever `change` throws; nothing was changed
     * @example await carts.updateItems(at, (items) => items.filter(({ kind }) => kind !== "Ticket"))
     */
    async updateItems(
      request: EditRequest,
      change: (
        items: readonly CartItem[],
      ) => readonly WantedItem[] | Promise<readonly WantedItem[]>,
      { reads = [] }: { reads?: readonly string[] } = {},
    ): Promise<Cart> {
      return guarded(request, "items", async () => {
        const { cart, items } = await open(request, reads);
        const edit = makeEdit(request, "cart.items_updated", clock());
        const plan = async (current: ReadCart) => {
          const { instance } = request;
          const { lines } = selectInstance(current, instance);
          const wanted = await change(lines.map(parseItem));
          checkLineCount(wanted.length);
          checkDistinct(wanted);
          const facts = await withMissingFacts(contents, lines, wanted, items);
          return replaceInstance(edit, current, (present) =>
            withLines(present, wanted, facts, edit.nowMs),
          );
        };
        return contents.settle(cart, plan, request.keyed);
      });
    },
  };
}
