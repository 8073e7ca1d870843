/** The disputes of an order: which there are, what they take of a payment, and which telling of one counts. */
import type { Order } from "../../orders/order.ts";
import type { DisputeEntry } from "../../orders/order-dispute.ts";
import type { ToldDispute } from "../../providers/dispute.ts";
import type { PaymentFact } from "../../providers/provider.ts";
import { foreignKey } from "../fact-key.ts";

/** How many disputes an order keeps: a payment has one or two, and the row is not to grow with what others do. */
export const maxDisputes = 20;

/** The dispute by this name, if the order has it. */
export function findDispute({ payment }: Order, disputeId: string): DisputeEntry | undefined {
  return payment?.disputes?.[foreignKey(disputeId)];
}

/** How many disputes the order has. */
export function countDisputes({ payment }: Order): number {
  return Object.keys(payment?.disputes ?? {}).length;
}

function sumTaken({ payment }: Order, paymentId: string, isOver: boolean): number {
  const entries = Object.values(payment?.disputes ?? {});
  return entries
    .filter((each) => each.paymentId === paymentId && each.isOver === isOver)
    .reduce((sum, { takenMinor }) => sum + takenMinor, 0);
}

/** What of a payment is gone for good by disputes that were lost. */
export function sumLost(order: Order, paymentId: string): number {
  return sumTaken(order, paymentId, true);
}

/** What of a payment is out of the shop's hands by disputes that are not decided. */
export function sumWithheld(order: Order, paymentId: string): number {
  return sumTaken(order, paymentId, false);
}

/**
 * Whether a telling takes the place of the one that is known, whichever came first: the newer one does, of two of one
 * instant the decision, and the rest goes by what they say, so that every order of tellings ends alike.
 */
export function isNewer(told: ToldDispute, known: DisputeEntry): boolean {
  if (told.toldAtMs !== known.toldAtMs) return told.toldAtMs > known.toldAtMs;
  if (told.isOver !== known.isOver) return told.isOver;
  if (told.status !== known.status) return told.status > known.status;
  if (told.takenMinor !== known.takenMinor) return told.takenMinor > known.takenMinor;
  return told.amountMinor > known.amountMinor;
}

/** Whether the order has a dispute just as a fact tells it, whenever that was said. */
export function isSameDispute(order: Order, { kind, dispute, paymentId }: PaymentFact): boolean {
  const known = dispute && findDispute(order, dispute.disputeId);
  if (kind !== "disputed" || !known || known.paymentId !== paymentId) return false;
  const names = ["status", "amountMinor", "takenMinor", "isOver"] as const;
  return names.every((name) => known[name] === dispute[name]);
}

/** The order with a dispute put in place of what was known of it; what follows from it is for others. */
export function withDispute(order: Order, paymentId: string, told: ToldDispute): Order {
  const { disputeId, ...facts } = told;
  const disputes = { ...order.payment?.disputes, [foreignKey(disputeId)]: { ...facts, paymentId } };
  return { ...order, payment: { ...order.payment, disputes } } as Order;
}
