/** What the erasure of a person is: how far it has come, and what stands in its way. */
import type { ChangeNote } from "../base/actor.ts";
import { HoldfastError } from "../base/errors.ts";
import type { EpochMs } from "../base/time.ts";
import type { Order } from "../orders/order.ts";
import { computeFulfilmentStatus } from "../orders/order-returns.ts";

/** What is gone through, one after the other. */
export const erasurePhases = ["orders", "carts", "locks", "audit", "done"] as const;

/** Where an erasure is. */
export type ErasurePhase = (typeof erasurePhases)[number];

/** How far the erasure of a person has come. It names the id and nothing else. */
export interface Erasure {
  readonly personId: string;
  readonly phase: ErasurePhase;
  /** Where to go on within the phase. */
  readonly cursor?: string;
  /** What of theirs was gone through by now. */
  readonly orders: number;
  readonly carts: number;
  readonly locks: number;
  readonly auditEntries: number;
  readonly beganAtMs: EpochMs;
  readonly endedAtMs?: EpochMs;
  /** Grows with every change of the row, and never starts again. */
  readonly step: number;
  readonly change: ChangeNote;
}

/** The phase behind one. */
export function phaseAfter(phase: ErasurePhase): ErasurePhase {
  return erasurePhases[erasurePhases.indexOf(phase) + 1] ?? "done";
}

/** So many orders that are open are named. */
const mostNamed = 20;

/** Orders of the person are open; nothing more was changed. */
export class PersonBusy extends HoldfastError {
  constructor(orderIds: readonly string[]) {
    const openOrders = orderIds.slice(0, mostNamed);
    super("PERSON_BUSY", "Orders of this person are still open", { openOrders });
  }
}

/** Whether an order needs to know whom it is for: it waits for its money, or to be sent unless that does not matter. */
export function isOpen(order: Order, { includeUnsent }: { includeUnsent: boolean }): boolean {
  if (order.status === "pending") return true;
  if (order.status !== "paid" || includeUnsent) return false;
  return computeFulfilmentStatus(order) !== "fulfilled";
}
