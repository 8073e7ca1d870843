/**
 * `holdfast/compat/cart-locks`: the calls that lock a cart while its owner pays (`lockCart` … `updateCartLockTransactionId`), over
 * `holdfast/carts`. What is other than there: `docs/migrate/cart-locks.md`.
 *
 * **Table and IAM**: those of `holdfast/carts`.
 *
 * @example
 * import { createCarts } from "holdfast/carts";
 * import { cartLockedErrors, createCartLocks } from "holdfast/compat/cart-locks";
 *
 * const carts = createCarts({ table: "my-carts" });
 * const { lockAndValidateCart, unlockCart, updateCartLockTransactionId } = createCartLocks({ carts });
 *
 * app.post("/checkout/wompi", async (request, response) => {
 *   const [userId, sessionId] = [request.user.id, request.body.sessionId];
 *   const locked = await lockAndValidateCart(userId, sessionId, `temp_${randomUUID()}`, "ticket");
 *   if (!locked.success) return response.status(423).json({ error: locked.error });
 *   const transactionId = await startPayment(locked.totalMinor).catch(() => undefined);
 *   const isOurs =
 *     transactionId && (await updateCartLockTransactionId(userId, sessionId, transactionId));
 *   if (isOurs) return response.json({ transactionId });
 *   await unlockCart(userId, sessionId);
 *   response.status(502).json({ error: "The payment could not be started" });
 * });
 * app.use(cartLockedErrors()); // edits of the cart meanwhile: 423
 */
import { systemClock } from "../../shared/base/time.ts";
import {
  CartEmpty,
  CartLocked,
  CheckoutGone,
  CurrencyMismatch,
} from "../../shared/carts/model/cart.ts";
import type { Carts } from "../carts.ts";

/** Over which carts, and for how long they are locked at the most. */
export interface CartLocksOptions {
  readonly carts: Carts;
  /** 10 minutes by default. */
  readonly lockMs?: number;
}

/** What of an answer the errors' middleware needs; Express's fits. */
export interface AnswerLike {
  status(code: number): this;
  set(headers: Record<string, string>): this;
  json(body: unknown): unknown;
}

const addressOf = (userId: string, sessionId: string) => {
  return { userId, sessionId, actor: { id: userId } };
};

/** Whether this transaction has the lock already: then the caller asks a second time. */
function isOwn(error: unknown, transactionId: string): boolean {
  return error instanceof CartLocked && error.fields["orderId"] === transactionId;
}

/** False where the lock is gone, or another's by now. */
async function untilGone(step: Promise<unknown>): Promise<boolean> {
  try {
    await step;
    return true;
  } catch (error) {
    if (error instanceof CheckoutGone) return false;
    throw error;
  }
}

/**
 * Makes the calls.
 *
 * @example const { lockCart, unlockCart } = createCartLocks({ carts });
 */
export function createCartLocks({ carts, lockMs: leaseMs = 600_000 }: CartLocksOptions) {
  const findLock = async (userId: string, sessionId: string) =>
    (await carts.isCartLocked({ userId, sessionId })).lock;

  /** Does a step of whoever has the lock; false where nobody has it. */
  async function withLock(
    userId: string,
    sessionId: string,
    step: (orderId: string) => Promise<unknown>,
  ): Promise<boolean> {
    const lock = await findLock(userId, sessionId);
    return lock ? untilGone(step(lock.orderId)) : false;
  }

  return {
    /**
     * Locks all carts of the session for a transaction, with a temporary id until the provider has given one; false when
     * another has locked them. Two requests.
     */
    async lockCart(
      userId: string,
      sessionId: string,
      transactionId: string,
      _cartType?: string,
    ): Promise<boolean> {
      const request = { ...addressOf(userId, sessionId), orderId: transactionId };
      try {
        await carts.lockCart({ ...request, transactionId, leaseMs });
        return true;
      } catch (error) {
        if (!(error instanceof CartLocked)) throw error;
        return isOwn(error, transactionId);
      }
    },

    /** Whether somebody pays now. One request. */
    isCartLocked: async (userId: string, sessionId: string): Promise<boolean> =>
      (await findLock(userId, sessionId)) !== null,

    /** Lets the cart go as it is; false when nobody had locked it. Two requests. */
    unlockCart: (userId: string, sessionId: string): Promise<boolean> =>
      withLock(userId, sessionId, (orderId) =>
        carts.unlockCart({ ...addressOf(userId, sessionId), orderId }),
      ),

    /** Puts the provider's transaction in place of the temporary one; false when the lock is gone. Two requests. */
    updateCartLockTransactionId: (
      userId: string,
      sessionId: string,
      newTransactionId: string,
    ): Promise<boolean> =>
      withLock(userId, sessionId, (orderId) =>
        carts.setTransactionId({ ...addressOf(userId, sessionId), orderId }, newTransactionId),
      ),

    /** Locks the cart of this type and says what is to be paid; an empty or locked one is an error, and not locked by this. */
    async lockAndValidateCart(
      userId: string,
      sessionId: string,
      transactionId: string,
      cartType: string,
    ) {
      const request = { ...addressOf(userId, sessionId), orderId: transactionId, transactionId };
      try {
        const expected = { instances: [cartType] };
        const locked = await carts.lockAndValidateCart({ ...request, leaseMs }, expected);
        const { lines, totalMinor, currency } = locked.price;
        return { success: true, items: lines, totalMinor, currency, locked } as const;
      } catch (error) {
        const known = [CartLocked, CartEmpty, CurrencyMismatch].some(
          (each) => error instanceof each,
        );
        if (!known) throw error;
        return { success: false, error: (error as Error).message } as const;
      }
    },
  };
}

/**
 * Express's handler of errors: whoever edits a cart that is being paid for gets 423 with the text of before, and when to try
 * again.
 *
 * @example app.use(cartLockedErrors());
 */
export function cartLockedErrors() {
  return (
    error: unknown,
    _request: unknown,
    response: AnswerLike,
    next: (error: unknown) => void,
  ): void => {
    if (!(error instanceof CartLocked)) return next(error);
    const leftMs = Number(error.fields["lockedUntilMs"]) - systemClock();
    const seconds = String(Math.max(1, Math.ceil(leftMs / 1_000)));
    response.status(423).set({ "retry-after": seconds }).json({ error: error.message });
  };
}
