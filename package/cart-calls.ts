/** What can be asked of carts that stand alone: checked, done once for its key, answered with the cart. */
import type { Actor } from "../shared/base/actor.ts";
import type { createCartCheckout } from "../shared/carts/checkout/cart-checkout-service.ts";
import type { createCartCompletion } from "../shared/carts/checkout/cart-completion-service.ts";
import type { createCartEdits } from "../shared/carts/editing/cart-edit-service.ts";
import type { createCartMerge } from "../shared/carts/editing/cart-merge-service.ts";
import type { createCartProperties } from "../shared/carts/editing/cart-property-service.ts";
import type { createGivenItems } from "../shared/carts/editing/given-items-service.ts";
import type { createKeyedEdits } from "../shared/carts/editing/keyed-edits-service.ts";
import {
  type Cart,
  type CartCondition as StoredCondition,
  type CartStorage,
  makeCartId,
} from "../shared/carts/model/cart.ts";
import { cartInstanceView } from "../shared/carts/model/cart-view.ts";
import {
  type GivenItem,
  type KeptItem,
  listGivenItems,
} from "../shared/carts/model/given-items.ts";
import type { MergeStrategy } from "../shared/carts/model/merging.ts";
import type { EditRequest } from "../shared/carts/storage/cart-edits.ts";
import type { CartContents } from "../shared/carts/storage/cart-store.ts";
import { keyedRequest } from "../shared/table/request-memory.ts";
import type { ExpectedVersion } from "../shared/table/versions.ts";
import { conditionFields, itemFields, nameFields, placeFields } from "./cart-fields.ts";
import { parseAs } from "./parse-as.ts";

/** Which cart: of whom, of which device or visit, by which name. */
export interface CartPlace {
  readonly userId: string;
  /** `default` where there is but one; all instances of a session have one version and one lock. */
  readonly sessionId?: string | undefined;
  /** The name of one cart of the session; `default` by default. */
  readonly instance?: string | undefined;
}

/** Which cart is edited, and how. */
export interface CartEdit extends CartPlace {
  /** How this one edit is guarded, whatever is usual: critical ones by version, others by a lock. */
  readonly storage?: CartStorage | undefined;
  /** Only if the cart's contents are still those; otherwise `VersionMismatch`. */
  readonly expectedVersion?: ExpectedVersion | undefined;
  /** Whose doing it is; the cart's user by default. */
  readonly actor?: Actor | undefined;
  /** With one, the edit is done once, however often it is asked for within a day. Needs `requestsTable`. */
  readonly idempotencyKey?: string | undefined;
}

/** An item as your own code names and prices it. Other attributes are another line. */
export interface NewItem extends Omit<GivenItem, "quantity"> {
  /** 1 by default. */
  readonly quantity?: number | undefined;
  /** Of an item that was read: it may be given back as it is. */
  readonly addedAtMs?: number | undefined;
}

/** A discount, tax, shipping or fee, with its place among others of its target: 0 by default. */
export type CartCondition = Omit<StoredCondition, "order"> &
  Partial<Pick<StoredCondition, "order">>;

/** A named cart with all that it comes to. */
export type CartView = ReturnType<typeof cartInstanceView>;

type Service = ReturnType<typeof createCartEdits> &
  ReturnType<typeof createCartProperties> &
  ReturnType<typeof createGivenItems> &
  ReturnType<typeof createCartMerge> &
  ReturnType<typeof createKeyedEdits>;

/** Carts that stand alone. An edit that is refused has changed nothing; while somebody pays each is `CartLocked`. */
export type Carts = ReturnType<typeof createCartCalls> &
  ReturnType<typeof createCartCheckout> &
  ReturnType<typeof createCartCompletion>;

const parseItems = (items: readonly NewItem[]): GivenItem[] => parseAs(itemFields.array(), items);

function makeRequest(edit: CartEdit, content: readonly unknown[]): EditRequest {
  const { storage, expectedVersion, idempotencyKey, actor, ...place } = edit;
  const address = parseAs(placeFields, place);
  const keyed = keyedRequest(address.userId, idempotencyKey, [...content, address]);
  return { ...address, storage, expectedVersion, keyed, actor: actor ?? { id: address.userId } };
}

/** Does an edit, with what it is about: a key belongs to both. */
type Edit = (
  cart: CartEdit,
  content: readonly unknown[],
  work: (request: EditRequest) => Promise<Cart>,
) => Promise<CartView>;

/** Makes the edits of lines. */
function createItemCalls(edit: Edit, service: Service) {
  return {
    /** Adds an item at this price, or raises the quantity of its line, which then costs this as well. Two requests. */
    async addItem(cart: CartEdit, item: NewItem): Promise<CartView> {
      const given: GivenItem = parseAs(itemFields, item);
      return edit(cart, ["add", given], (request) => service.addItem(request, given));
    },

    /** Replaces all lines. Two requests, in locking mode four. */
    async putItems(cart: CartEdit, items: readonly NewItem[]): Promise<CartView> {
      const given = parseItems(items);
      return edit(cart, ["put", given], (request) => service.putItems(request, given));
    },

    /**
     * Replaces the lines by what `change` makes of them, as one: where somebody else was faster it is asked again. A key
     * of it cannot tell one `change` from another.
     */
    updateItems(
      cart: CartEdit,
      change: (items: readonly KeptItem[]) => readonly NewItem[] | Promise<readonly NewItem[]>,
    ): Promise<CartView> {
      const checked = async (items: readonly KeptItem[]) => parseItems(await change(items));
      return edit(cart, ["update"], (request) => service.updateItems(request, checked));
    },

    /** Sets the quantity of a line; 0 removes it. One request. */
    async changeQuantity(cart: CartEdit, lineId: string, quantity: number): Promise<CartView> {
      const wanted = quantity === 0 ? 0 : parseAs(itemFields.shape.quantity, quantity);
      return edit(cart, ["quantity", lineId, wanted], (request) =>
        service.changeQuantity(request, lineId, wanted),
      );
    },

    /** Removes a line; `CartLineNotFound` where there is none. One request. */
    removeItem: (cart: CartEdit, lineId: string): Promise<CartView> =>
      edit(cart, ["remove", lineId], (request) => service.removeLine(request, lineId)),
  };
}

/** Makes the edits of what stands beside lines, and of all of it. */
function createPropertyCalls(edit: Edit, service: Service) {
  return {
    /** Puts a condition in place of any of its name. One request. */
    async setCondition(cart: CartEdit, condition: CartCondition): Promise<CartView> {
      const given = parseAs(conditionFields, condition);
      return edit(cart, ["condition", given], (request) => service.setCondition(request, given));
    },

    /** Replaces all conditions. Two requests, in locking mode four. */
    async putConditions(cart: CartEdit, conditions: readonly CartCondition[]): Promise<CartView> {
      const given = parseAs(conditionFields.array(), conditions);
      return edit(cart, ["conditions", given], (request) => service.putConditions(request, given));
    },

    /** Removes a condition, if it is there. One request. */
    removeCondition: (cart: CartEdit, name: string): Promise<CartView> =>
      edit(cart, ["no condition", name], (request) => service.removeCondition(request, name)),

    /** Sets a metadata value, any JSON up to 4 KB. One request, in locking mode three. */
    async putMetadata(cart: CartEdit, key: string, value: unknown): Promise<CartView> {
      const name = parseAs(nameFields, key);
      return edit(cart, ["metadata", name, value], (request) =>
        service.putMetadata(request, name, value),
      );
    },

    /** Removes a metadata value, if it is there. One request. */
    removeMetadata: (cart: CartEdit, key: string): Promise<CartView> =>
      edit(cart, ["no metadata", key], (request) => service.removeMetadata(request, key)),

    /** Empties an instance: lines and metadata; conditions stay. Two requests, in locking mode four. */
    clear: (cart: CartEdit): Promise<CartView> =>
      edit(cart, ["clear"], (request) => service.clear(request)),

    /** Puts all instances of another session of the user into this one, and empties that one. Two requests. */
    merge: (
      cart: CartEdit,
      fromSessionId: string,
      strategy: MergeStrategy = "sum",
    ): Promise<CartView> =>
      edit(cart, ["merge", fromSessionId, strategy], (request) =>
        service.merge({ ...request, fromSessionId, strategy }),
      ),
  };
}

/** Makes the calls. */
export function createCartCalls(contents: CartContents, service: Service) {
  const edit: Edit = async (cart, content, work) => {
    const request = makeRequest(cart, content);
    const { cart: found } = await service.once(request, () => work(request));
    return cartInstanceView(found, request.instance);
  };
  return {
    /** The cart as of now, an empty one where there is none. One request. */
    async get(place: CartPlace): Promise<CartView> {
      const { userId, sessionId, instance } = parseAs(placeFields, place);
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      return cartInstanceView(carts[0]!, instance);
    },

    /** The lines as they were given, and the version that a replacement may be guarded by. One request. */
    async getItems(
      place: CartPlace,
    ): Promise<{ readonly items: KeptItem[]; readonly version: number }> {
      const { userId, sessionId, instance } = parseAs(placeFields, place);
      const { carts } = await contents.read([makeCartId(userId, sessionId)]);
      return { items: listGivenItems(carts[0]!, instance), version: carts[0]!.version };
    },

    ...createItemCalls(edit, service),
    ...createPropertyCalls(edit, service),
  };
}
