/**
 * Replaying what was told of a resource gives its state, as far as events carry it: of an order all that they say of one, of a
 * cart or a document its version and who saved it, of a lock who has it and by which fence, of an item whether there is any.
 */
import { isDeepStrictEqual } from "node:util";
import type { ShopEvent } from "../../../shared/events/event.ts";
import { lockTopic } from "../../../shared/live/live.ts";
import { parseLock } from "../../../shared/locks/lock.ts";
import { parseOrder } from "../../../shared/orders/order-store.ts";
import { copyOfMap } from "../engine/values.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";

type State = Readonly<Record<string, unknown>> | undefined;

/** What somebody knows who heard all of this. */
function replay(events: readonly ShopEvent[]): State {
  let state: State;
  for (const { type, data } of events) {
    const [kind] = type.split(".");
    if (kind === "payment" || kind === "hold") continue;
    // Whoever lost a lock is told before who has it by then.
    if (kind === "lock") state = (data["lock"] as State) ?? undefined;
    else state = Object.assign(state ?? {}, data);
  }
  return state;
}

/** What an outsider reads in an order's row of what events say of it. */
function orderState(row: Record<string, unknown>): State {
  const {
    status,
    userId,
    totalMinor,
    currency,
    payment,
    lines,
    fulfilments = [],
  } = parseOrder(row);
  const refunds = Object.values(payment?.refunds ?? {});
  const done = refunds.filter((refund) => refund.status === "done");
  return {
    status,
    userId,
    totalMinor,
    currency,
    units: lines.reduce((sum, { quantity }) => sum + quantity, 0),
    capturedMinor: payment?.capturedMinor ?? 0,
    refundedMinor: done.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
    isSent: fulfilments.length > 0,
  };
}

/** The same of what was told. */
function toldOrder(told: State): State {
  const { status, userId, totalMinor, currency, capturedMinor, refundedMinor } = told ?? {};
  const lines = (told?.["lines"] ?? []) as readonly { readonly quantity: number }[];
  const units = lines.reduce((sum, { quantity }) => sum + quantity, 0);
  const isSent = told?.["fulfilmentStatus"] !== "unfulfilled";
  return { status, userId, totalMinor, currency, units, capturedMinor, refundedMinor, isSent };
}

/** That a lease is over is told by its end, which everybody knows: the sweep that clears it away tells nothing. */
const isCleared = (row: Record<string, unknown>): boolean =>
  (row["change"] as { readonly action?: string } | undefined)?.action === "lock.expired";

function lockState(row: Record<string, unknown>): State {
  const lock = parseLock(row);
  return lock && { userId: lock.owner.userId, fence: lock.fence };
}

function toldLock(told: State): State {
  return told && { userId: told["userId"], fence: told["fence"] };
}

const versionOf = (told: State): State => told && { version: told["version"] };
const ownVersion = ({ version }: Record<string, unknown>): State => ({ version });

const kinds = [
  ["Orders", (row: Row) => `order/${String(row["orderId"])}`, orderState, toldOrder],
  ["Carts", (row: Row) => `cart/${String(row["cartId"])}`, ownVersion, versionOf],
  ["Documents", (row: Row) => `document/${String(row["documentId"])}`, ownVersion, versionOf],
  ["Locks", (row: Row) => lockTopic(String(row["resource"])), lockState, toldLock],
] as const;

type Row = Record<string, unknown>;

/** Holds what a subscriber rebuilds from the events of each resource against the resource's row. */
export function checkReplayed(
  world: World,
  eventsOf: (resource: string) => readonly ShopEvent[],
): void {
  for (const [table, nameOf, stateOf, toldOf] of kinds) {
    for (const item of world.engine.table(table).items()) {
      const row = copyOfMap(item);
      const resource = nameOf(row);
      const [is, told] = [stateOf(row), resource && toldOf(replay(eventsOf(resource)))];
      if (!resource || isDeepStrictEqual(is, told) || isCleared(row)) continue;
      // A cart that was never changed has no version that could be told.
      if (eventsOf(resource).length === 0 && !is?.["version"]) continue;
      const [said, real] = [JSON.stringify(told), JSON.stringify(is)];
      throw new InvariantBroken("E6", `${resource}: events lead to ${said}, the row is ${real}`);
    }
  }
}
