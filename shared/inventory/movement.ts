/** What a movement of stock is: one entry of the ledger, what it does to the levels, its errors. */
import { HoldfastError } from "../base/errors.ts";
import { derivedId } from "../base/derived-ids.ts";
import type { EpochMs } from "../base/time.ts";
import type { Stock } from "./stock.ts";

/**
 * `received` once, when the item is made; `adjusted` by an administrator, with a sign; `sold` and
 * `returned` by orders or outside of them.
 */
export const movementKinds = ["received", "adjusted", "sold", "returned"] as const;

/** One of these. */
export type MovementKind = (typeof movementKinds)[number];

/** The levels of an item; by the conservation law, four of them give the fifth. */
export interface Levels {
  readonly available: number;
  readonly held: number;
  readonly sold: number;
  readonly received: number;
  readonly adjusted: number;
}

/** One entry of the ledger, as it is stored. */
export interface Movement {
  readonly itemId: string;
  readonly movementId: string;
  readonly kind: MovementKind;
  /** Units; only an adjustment has a sign. */
  readonly quantity: number;
  /** The caller's own name for it, or the order that it belongs to. */
  readonly reference: string;
  readonly reason?: string;
  /** Tells a repetition from another request under the same reference. */
  readonly fingerprint: string;
  readonly atMs: EpochMs;
  readonly actor: string;
  readonly requestId?: string;
  /** The levels that the caller was told, so that a repetition is told the same. */
  readonly levels?: Levels;
}

/** The id of the movement of a reference: a repetition meets it. */
export function makeMovementId(reference: string): string {
  return derivedId("mov", "reference", reference);
}

/** The id of the movement that an item begins with; no reference of a caller leads to it. */
export const firstMovementId = derivedId("mov", "item", "create");

/**
 * The id of a sale or return by an order. `name` is the order's, with the row of the item and the refund where
 * there are several: each of these moves an item once, whatever delivers the news of it, and however often.
 */
export function orderMovementId(name: string, kind: "sold" | "returned"): string {
  return derivedId("mov", "order", name, kind);
}

/** The levels of a stock item, each as it is counted there. */
export function pickLevels({ available, held, sold, received, adjusted }: Stock): Levels {
  return { available, held, sold, received, adjusted };
}

/** What a movement adds to each level; the sum of both sides of the conservation law stays equal. */
export function computeEffect(kind: MovementKind, quantity: number): Omit<Levels, "held"> {
  const nothing = { available: 0, sold: 0, received: 0, adjusted: 0 };
  if (kind === "received") return { ...nothing, available: quantity, received: quantity };
  if (kind === "adjusted") return { ...nothing, available: quantity, adjusted: quantity };
  if (kind === "sold") return { ...nothing, available: -quantity, sold: quantity };
  return { ...nothing, available: quantity, sold: -quantity };
}

/** The levels after a movement. */
export function levelsAfter(levels: Levels, kind: MovementKind, quantity: number): Levels {
  const effect = computeEffect(kind, quantity);
  return {
    available: levels.available + effect.available,
    held: levels.held,
    sold: levels.sold + effect.sold,
    received: levels.received + effect.received,
    adjusted: levels.adjusted + effect.adjusted,
  };
}

/** Whether a movement leaves no level below zero. */
export function isCovered(levels: Levels, kind: MovementKind, quantity: number): boolean {
  const after = levelsAfter(levels, kind, quantity);
  return after.available >= 0 && after.sold >= 0;
}

/** The stock does not cover the movement; nothing was changed. `available` is the present level. */
export class InsufficientStock extends HoldfastError {
  constructor(stock: Stock, kind: MovementKind, requested: number) {
    const { itemId, available, sold } = stock;
    const detail =
      kind === "returned"
        ? `Only what was sold can come back: ${sold} sold. Use adjust for new stock`
        : `Only ${available} available`;
    super("INSUFFICIENT_STOCK", detail, { itemId, available, sold, requested });
  }
}

/** The reference was used before for a different request; nothing was changed. */
export class ReferenceReused extends HoldfastError {
  constructor(reference: string) {
    super("IDEMPOTENCY_KEY_REUSED", "This reference was used for a different request", {
      reference,
    });
  }
}
