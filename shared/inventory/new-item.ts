/** Makes an item of what an administrator says of it, and the first entry of its ledger. */
import type { ChangeNote } from "../base/actor.ts";
import { fingerprint } from "../base/derived-ids.ts";
import type { EpochMs } from "../base/time.ts";
import { changesAbout, limitFacts, type LimitsGiven, type Sale, saleFacts } from "./item-facts.ts";
import { firstMovementId, type Movement } from "./movement.ts";
import type { HoldPolicy, Price, Stock } from "./stock.ts";

/** An item to be created, with the units that there are of it. */
export interface NewItem {
  readonly itemId: string;
  readonly name: string;
  readonly kind: string;
  readonly vendorId?: string | undefined;
  readonly price: Price;
  readonly quantity: number;
  readonly holdPolicy: HoldPolicy;
  /** From 2 on it is sold from so many rows from the start. */
  readonly shards?: number | undefined;
  readonly description?: string | undefined;
  readonly imageUrl?: string | undefined;
  readonly limits?: LimitsGiven | undefined;
  /** On sale from the beginning and for ever, where nothing is said. */
  readonly sale?: Sale | undefined;
}

/** What is set of these. */
export function present<T extends object>(values: T): { [Name in keyof T]?: NonNullable<T[Name]> } {
  const said = Object.entries(values).filter(([, value]) => value !== undefined);
  return Object.fromEntries(said) as { [Name in keyof T]?: NonNullable<T[Name]> };
}

/** The item as it begins: nothing of it is held or sold. */
export function makeStock(item: NewItem, atMs: EpochMs): Stock {
  const { itemId, name, kind, vendorId = null, price, quantity, holdPolicy } = item;
  const { limits = null, sale = null } = item;
  return {
    itemId,
    name,
    kind,
    vendorId,
    amountMinor: price.amountMinor,
    currency: price.currency,
    holdPolicy,
    available: quantity,
    sold: 0,
    received: quantity,
    adjusted: 0,
    held: 0,
    due: {},
    reclaimedThroughMs: 0,
    createdAtMs: atMs,
    ...present({ ...limitFacts(limits), ...saleFacts(sale) }),
    ...(changesAbout(item) ? { hasAbout: true } : {}),
  };
}

/** The movement by which the first units came. */
export function firstReceived({ itemId, quantity }: NewItem, note: ChangeNote): Movement {
  return {
    itemId,
    movementId: firstMovementId,
    kind: "received",
    quantity,
    reference: "item:create",
    fingerprint: fingerprint({ kind: "received", quantity }),
    atMs: note.atMs,
    actor: note.actor,
    ...(note.requestId === undefined ? {} : { requestId: note.requestId }),
  };
}
