/** `useCart`: a shopper's cart, shown as it is and edited from wherever it is shown. */
import { useEffect, useRef, useState } from "react";
import type { AnswerOf, InputOf } from "../../client/contract.ts";
import type { Client } from "../../client/index.ts";
import { useLive } from "./use-live.ts";

/** One named cart of a session, with lines, conditions and totals. */
export type CartContent = AnswerOf<"getCartInstance">;

/** Which cart; the caller's own `default` one where nothing is said. */
export interface CartPlace {
  readonly userId?: string;
  readonly sessionId?: string;
  readonly instance?: string;
}

/** A cart, as far as a component may know. Edits resolve to the cart that they made, and throw `ApiError`s. */
export interface Cart {
  /** Undefined before the first answer. */
  readonly cart: CartContent | undefined;
  /** Why the last reading failed; the cart before it stays. */
  readonly error: unknown;
  /** Edits whose answers are not there yet. */
  readonly pending: number;
  add(item: InputOf<"addCartItem">["body"]): Promise<CartContent>;
  /** 0 removes the line. */
  setQuantity(lineId: string, quantity: number): Promise<CartContent>;
  remove(lineId: string): Promise<CartContent>;
  enterCode(code: string): Promise<CartContent>;
  removeCode(code: string): Promise<CartContent>;
  clear(): Promise<CartContent>;
  refresh(): void;
}

/** What the hook needs of a client. */
export type CartClient = Pick<
  Client,
  | "openLive"
  | "getCartInstance"
  | "addCartItem"
  | "changeCartItem"
  | "removeCartItem"
  | "enterCartCode"
  | "removeCartCode"
  | "clearCartInstance"
>;

/**
 * Reads the cart, again whenever another tab, the shop or a checkout changes it, and edits it. Each edit is one atomic request with
 * a key of its own, so that a lost answer adds nothing twice. What is shown never goes back to what it
 * was before an edit.
 *
 * @example
 * const { cart, add, pending } = useCart(client);
 * return <button disabled={pending > 0} onClick={() => add({ itemId: "chair", quantity: 1 })}>{cart?.count} in the cart</button>;
 */
export function useCart(
  client: CartClient,
  { userId = "me", sessionId = "default", instance = "default" }: CartPlace = {},
): Cart {
  const params = { userId, sessionId, instance };
  const name = JSON.stringify(params);
  const [edited, setEdited] = useState<{
    readonly name: string;
    readonly cart: CartContent;
    /** How many answers there were with it. */
    readonly answer: number;
  }>();
  const [pending, setPending] = useState(0);
  const answers = useRef(0);
  const { value, error, refresh } = useLive(client, `cart/${userId}/${sessionId}`, async () => {
    const answersBefore = answers.current;
    return { name, cart: await client.getCartInstance({ params }), answersBefore };
  });
  // Instances of one session share a topic: another one of them is read without being told of.
  const readNow = useRef(refresh);
  useEffect(() => {
    readNow.current = refresh;
  });
  useEffect(() => readNow.current(), [name]);
  const read = value?.name === name ? value : undefined;
  const own = edited?.name === name ? edited : undefined;
  // A reading that began before an edit was answered may be older than the edit. One behind it is not, whatever its version:
  // a cart that was left alone for long begins anew.
  const isOlder =
    own !== undefined &&
    (!read || (read.answersBefore < own.answer && read.cart.version < own.cart.version));
  const cart = isOlder ? own.cart : read?.cart;

  const edit = async (asking: Promise<CartContent>): Promise<CartContent> => {
    setPending((count) => count + 1);
    try {
      const made = await asking;
      answers.current += 1;
      const next = { name, cart: made, answer: answers.current };
      setEdited((old) => (old?.name === name && old.cart.version > made.version ? old : next));
      return made;
    } finally {
      setPending((count) => count - 1);
    }
  };
  return {
    cart,
    error,
    pending,
    add: (body) => edit(client.addCartItem({ params, body })),
    setQuantity: (lineId, quantity) =>
      edit(client.changeCartItem({ params: { ...params, lineId }, body: { quantity } })),
    remove: (lineId) => edit(client.removeCartItem({ params: { ...params, lineId } })),
    enterCode: (code) => edit(client.enterCartCode({ params, body: { code } })),
    removeCode: (code) => edit(client.removeCartCode({ params: { ...params, code } })),
    clear: () => edit(client.clearCartInstance({ params })),
    refresh,
  };
}
