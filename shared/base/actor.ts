/** Who does something and why, carried on every changed item so that the stream can tell it. */
import type { AuditAction } from "./audit-action.ts";
import type { EpochMs } from "./time.ts";

/** Somebody who acts: a user, an administrator, a payment provider or the system itself. */
export interface Actor {
  /** User id, `provider:stripe`, or `system:sweep`. */
  readonly id: string;
  /** Correlates everything that one request did. */
  readonly requestId?: string;
}

/** What happened last to an item; stored in its `change` attribute, read by the audit trail. */
export interface ChangeNote {
  readonly action: AuditAction;
  readonly actor: string;
  readonly atMs: EpochMs;
  readonly reason?: string;
  readonly requestId?: string;
  /** The order for whose sake it happened, where the item itself does not tell. */
  readonly orderId?: string;
  /** The refund with which units came back: an order may have several. */
  readonly refundId?: string;
}

/** The note that a write leaves on the item it changes. */
export function changeNote(
  action: AuditAction,
  actor: Actor,
  atMs: EpochMs,
  reason?: string,
): ChangeNote {
  return {
    action,
    actor: actor.id,
    atMs,
    ...(reason === undefined ? {} : { reason }),
    ...(actor.requestId === undefined ? {} : { requestId: actor.requestId }),
  };
}
