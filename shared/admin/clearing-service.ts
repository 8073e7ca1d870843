/** Ends orders and locks by an administrator's word: one order, or everything. */
import type { Actor } from "../base/actor.ts";
import { HoldfastError, type InputIssue } from "../base/errors.ts";
import type { Clock } from "../base/time.ts";
import type { LockService } from "../locks/lock-service.ts";
import type { Order } from "../orders/order.ts";
import type { Cancelling } from "../payments/cancel-service.ts";
import type { Database } from "../table/database.ts";
import { currentOperation } from "../table/operation.ts";
import type { Page } from "../table/paging.ts";
import { type Cleared, ClearingNotConfirmed, clearingConfirmation } from "./clearing.ts";
import { listPendingOrders } from "./pending-order-store.ts";

/** What clearing works with. */
export interface ClearingServiceOptions {
  readonly locks: Pick<LockService, "list" | "forceRelease">;
  readonly cancelling: Cancelling;
  readonly database: Database;
  readonly clock: Clock;
}

/** An administrator's wish to clear everything. */
export interface ClearingWish {
  readonly confirm?: string | undefined;
  readonly reason?: string | undefined;
  readonly actor: Actor;
}

/** So many are ended side by side; each in a transaction of its own. */
const sideBySide = 10;
/** So many are counted with one request for the index. */
const countedAtOnce = 500;
/** Kept back from the request's time, to finish the batch under way and to answer. */
const reserveMs = 4_000;

type Lister<T> = (page: { limit: number; cursor?: string | undefined }) => Promise<Page<T>>;

/** How many there are, or, when it gets late, how many at least. */
async function countAll(list: Lister<unknown>, isLate: () => boolean): Promise<number> {
  let count = 0;
  let cursor: string | undefined;
  do {
    const page: Page<unknown> = await list({ limit: countedAtOnce, cursor });
    count += page.rows.length;
    cursor = page.cursor;
  } while (cursor !== undefined && !isLate());
  return count;
}

/** What became of one: it had ended by itself, or cannot be ended while a bank is at work on its payment. */
type Ending = "ended" | "gone" | "busy";

/** Ends all of a list in batches until `isLate`; `undone` tells that some were left. */
async function endAll<T>(
  list: Lister<T>,
  end: (each: T) => Promise<Ending>,
  isLate: () => boolean,
): Promise<{ ended: number; undone: boolean }> {
  let [ended, busy] = [0, 0];
  let cursor: string | undefined;
  do {
    if (isLate()) return { ended, undone: true };
    const page: Page<T> = await list({ limit: sideBySide, cursor });
    const outcomes = await Promise.all(page.rows.map(end));
    ended += outcomes.filter((outcome) => outcome === "ended").length;
    busy += outcomes.filter((outcome) => outcome === "busy").length;
    cursor = page.cursor;
  } while (cursor !== undefined);
  return { ended, undone: busy > 0 };
}

function whatIsMissing({ confirm, reason }: ClearingWish): InputIssue[] {
  const typed = { path: "confirm", message: `must be exactly "${clearingConfirmation}"` };
  return [
    ...(confirm === clearingConfirmation ? [] : [typed]),
    ...(reason === undefined ? [{ path: "reason", message: "must be given" }] : []),
  ];
}

/** Makes the service. */
export function createClearingService(options: ClearingServiceOptions) {
  const { database, locks, cancelling, clock } = options;

  /** An order that ended by itself meanwhile is none to end. */
  async function endOrder(orderId: string, actor: Actor, reason?: string): Promise<Ending> {
    try {
      await release(orderId, actor, reason);
      return "ended";
    } catch (error) {
      if (!(error instanceof HoldfastError)) throw error;
      // It is paid, and what becomes of the money is still to be found out.
      if (error.code === "PAYMENT_PROVIDER_ERROR") return "busy";
      // Told by a look at the order, or by a transaction that it refused.
      if (error.code !== "ORDER_NOT_PAYABLE") throw error;
      return error.fields["reason"] === "payment_processing" ? "busy" : "gone";
    }
  }

  function release(orderId: string, actor: Actor, reason?: string): Promise<Order> {
    const caller = { userId: actor.id, isAdmin: true };
    return cancelling.cancel({ orderId, caller, actor, reason });
  }

  return {
    /**
     * Ends a pending order whoever's it is: its holds are released, its cart is unlocked, and the
     * provider is asked to take no more money for it. Two requests.
     *
     * @throws OrderNotFound, OrderNotPayable, CaptureUnsettled; nothing was changed
     * @example await clearing.release("ord_x", { id: "root" }, "the shop closes")
     */
    release,

    /**
     * Ends every lock and every pending order: afterwards no former holder's write is accepted, and who
     * did it and why is on record with each of them. Each end is a transaction of its own, so an
     * interruption leaves nothing half done, and repeating it goes on with what is left; `complete`
     * tells that nothing is. An order whose payment a bank is at work on stays. Stops when the operation's time is up.
     *
     * @throws ClearingNotConfirmed with the counts of what would end; nothing was changed
     * @example await clearing.clearAll({ confirm: "clear all locks", reason: "drill", actor })
     */
    async clearAll(wish: ClearingWish): Promise<Cleared & { complete: boolean }> {
      const endMs = (currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY) - reserveMs;
      const isLate = (): boolean => clock() >= endMs;
      const missing = whatIsMissing(wish);
      if (missing.length > 0) {
        const releasedLocks = await countAll((page) => locks.list(page), isLate);
        const endedOrders = await countAll((page) => listPendingOrders(database, page), isLate);
        throw new ClearingNotConfirmed(missing, { releasedLocks, endedOrders });
      }
      const { actor, reason } = wish;
      const released = await endAll(
        (page) => locks.list(page),
        async ({ resource }) =>
          (await locks.forceRelease({ resource, actor, reason })) ? "ended" : "gone",
        isLate,
      );
      const closed = await endAll(
        (page) => listPendingOrders(database, page),
        ({ orderId }) => endOrder(orderId, actor, reason),
        isLate,
      );
      return {
        releasedLocks: released.ended,
        endedOrders: closed.ended,
        complete: !released.undone && !closed.undone,
      };
    },
  };
}
