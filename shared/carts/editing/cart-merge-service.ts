/** Moves everything from one session's cart into another one of the same user, in one transaction. */
import { type Actor, changeNote } from "../../base/actor.ts";
import { InvalidRequest } from "../../base/errors.ts";
import type { Clock } from "../../base/time.ts";
import type { Database } from "../../table/database.ts";
import { type KeyedRequest, once } from "../../table/request-memory.ts";
import { type ExpectedVersion, isExpected } from "../../table/versions.ts";
import {
  type Cart,
  type CartAddress,
  makeCartId,
  checkUnlocked,
  VersionMismatch,
} from "../model/cart.ts";
import type { CartContents } from "../storage/cart-store.ts";
import type { Edit } from "../storage/cart-edits.ts";
import { replaceWrite } from "./cart-replacement.ts";
import { parseCart, contentsRow } from "../storage/cart-row.ts";
import { type MergeStrategy, mergedInstances } from "../model/merging.ts";

/** Which session's cart goes into which, and how quantities combine. */
export interface MergeRequest extends CartAddress {
  readonly fromSessionId: string;
  readonly strategy: MergeStrategy;
  readonly actor: Actor;
  readonly expectedVersion?: ExpectedVersion | undefined;
  /** With one, it is done once, however often it is asked for. */
  readonly keyed?: KeyedRequest | undefined;
}

/** What merging needs. */
export interface CartMergeOptions {
  readonly contents: CartContents;
  readonly database: Database;
  readonly clock: Clock;
}

/** Makes `merge`. */
export function createCartMerge({ contents, database, clock }: CartMergeOptions) {
  function makeMergeEdit(request: MergeRequest, sessionId: string): Omit<Edit, "expectedVersion"> {
    const nowMs = clock();
    const address = { userId: request.userId, sessionId, instance: "" };
    return { address, nowMs, note: changeNote("cart.merged", request.actor, nowMs) };
  }

  /**
   * Puts the cart of another session of the same user into this one, and empties that one: both or
   * neither. Two requests; one where there is nothing to move. Repeating it moves nothing twice.
   *
   * @throws CartLocked when either is being paid for; VersionMismatch, CurrencyMismatch, TooLarge;
   * nothing was changed
   * @example await carts.merge({ userId, sessionId: "phone", fromSessionId: "guest", strategy: "sum", actor })
   */
  async function merge(request: MergeRequest): Promise<Cart> {
    const { userId, sessionId, fromSessionId, strategy, expectedVersion, keyed } = request;
    if (sessionId === fromSessionId) {
      throw new InvalidRequest([{ path: "from.sessionId", message: "is this very session" }]);
    }
    const cartIds = [makeCartId(userId, sessionId), makeCartId(userId, fromSessionId)];
    return contents.untilSettled(async () => {
      const { carts } = await contents.read(cartIds);
      const [target, source] = [carts[0]!, carts[1]!];
      const edit = { ...makeMergeEdit(request, sessionId), expectedVersion };
      for (const cart of carts) checkUnlocked(cart, edit.nowMs);
      if (!isExpected(expectedVersion, target.version)) throw new VersionMismatch(target.version);
      if (source.instances.size === 0) {
        await contents.bindOnly(keyed);
        return target;
      }
      const instances = mergedInstances(target, source, strategy);
      const emptied = replaceWrite(makeMergeEdit(request, fromSessionId), source, []);
      const filled = replaceWrite(edit, target, instances);
      await database.transact([once(filled, keyed, edit.nowMs), emptied]);
      const version = (target.version || edit.nowMs) + 1;
      const { cartId, checkouts } = target;
      return parseCart(cartId, { ...contentsRow(instances), version, checkouts });
    });
  }

  return { merge };
}
