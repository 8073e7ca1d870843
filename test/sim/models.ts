/** What locks and stock promise, as small sequential models for the linearizability check. */
import type { Model, Operation } from "./linearizability.ts";

/** An operation on one lock, with the range of instants that the caller's clock went through. */
export interface LockInput {
  readonly kind: "acquire" | "renew" | "release" | "force" | "expire" | "find";
  readonly owner: string;
  readonly fence?: number;
  readonly leaseMs: number;
  readonly clockMs: readonly [from: number, to: number];
}

export type LockOutput =
  | { readonly kind: "granted"; readonly fence: number; readonly expiresAtMs: number }
  | { readonly kind: "held"; readonly owner: string; readonly fence: number }
  | { readonly kind: "done" }
  | { readonly kind: "notOwned" }
  | { readonly kind: "free" };

/** The lock; where an answer was lost, fence and end are known only within bounds. */
export interface LockState {
  readonly owner: string | undefined;
  /** The fence, or the greatest one that it must be above. */
  readonly fence: number;
  readonly isFenceKnown: boolean;
  /** The lease ends between these two instants. */
  readonly endsMs: readonly [number, number];
}

type LockOperation = Operation<LockInput, LockOutput>;

const free = (state: LockState): LockState => ({ ...state, owner: undefined, endsMs: [0, 0] });

/** Whether the lease may have been over by the caller's clock. */
function maybeOver({ endsMs }: LockState, { clockMs }: LockInput): boolean {
  return endsMs[0] <= clockMs[1];
}

function maybeRunning({ endsMs }: LockState, { clockMs }: LockInput): boolean {
  return endsMs[1] > clockMs[0];
}

function hasFence(state: LockState, fence: number | undefined): boolean {
  if (fence === undefined) return true;
  return state.isFenceKnown ? state.fence === fence : fence > state.fence;
}

/** A renewal nobody heard of: the lease ends as before or as renewed, which may be sooner. */
function either(
  one: readonly [number, number],
  other: readonly [number, number],
): readonly [number, number] {
  return [Math.min(one[0], other[0]), Math.max(one[1], other[1])];
}

function granted(state: LockState, { input, output }: LockOperation): LockState[] {
  const { owner, leaseMs, clockMs } = input;
  const [from, to] = clockMs;
  const isFree = state.owner === undefined || maybeOver(state, input);
  const isOwn = state.owner === owner && maybeRunning(state, input);
  if (output?.kind === "granted") {
    const endsMs = [Math.min(from + leaseMs, output.expiresAtMs), output.expiresAtMs] as const;
    const next = { owner, fence: output.fence, isFenceKnown: true, endsMs };
    // An unknown fence is some number above the known one; so is the one that comes after it.
    const isNew = isFree && output.fence > state.fence;
    const isRenewed = isOwn && hasFence(state, output.fence);
    return isNew || isRenewed ? [next] : [];
  }
  const endsMs = [from + leaseMs, Math.min(to, from + 1e9) + leaseMs] as const;
  return [
    ...(isFree ? [{ owner, fence: state.fence, isFenceKnown: false, endsMs }] : []),
    ...(isOwn ? [{ ...state, endsMs: either(state.endsMs, endsMs) }] : []),
  ];
}

function held(state: LockState, { input, output }: LockOperation): LockState[] {
  if (output?.kind !== "held" || state.owner !== output.owner) return [];
  if (!hasFence(state, output.fence) || !maybeRunning(state, input)) return [];
  return [{ ...state, fence: output.fence, isFenceKnown: true }];
}

function isOwners(state: LockState, { owner, fence }: LockInput): boolean {
  return state.owner === owner && hasFence(state, fence);
}

function renewed(state: LockState, { input, output }: LockOperation): LockState[] {
  const may = isOwners(state, input) && maybeRunning(state, input);
  if (output?.kind === "notOwned") {
    return isOwners(state, input) && !maybeOver(state, input) ? [] : [state];
  }
  if (!may) return output ? [] : [state];
  const [from, to] = input.clockMs;
  if (output?.kind !== "granted") {
    const endsMs = [from + input.leaseMs, Math.min(to, from + 1e9) + input.leaseMs] as const;
    return [{ ...state, endsMs: either(state.endsMs, endsMs) }];
  }
  return [{ ...state, endsMs: [from + input.leaseMs, output.expiresAtMs] }];
}

function released(state: LockState, { input, output }: LockOperation): LockState[] {
  const may = isOwners(state, input) && maybeRunning(state, input);
  if (output?.kind === "notOwned") {
    return isOwners(state, input) && !maybeOver(state, input) ? [] : [state];
  }
  if (may) return [free(state)];
  return output ? [] : [state];
}

function found(state: LockState, operation: LockOperation): LockState[] {
  const { input, output } = operation;
  if (output?.kind === "held") return held(state, operation);
  const isFree = state.owner === undefined || maybeOver(state, input);
  return isFree || !output ? [state] : [];
}

/** One lock by name. */
export const lockModel: Model<LockState, LockInput, LockOutput> = {
  initial: { owner: undefined, fence: 0, isFenceKnown: true, endsMs: [0, 0] },
  after(state, operation) {
    const { input, output } = operation;
    if (input.kind === "acquire") {
      return output?.kind === "held" ? held(state, operation) : granted(state, operation);
    }
    if (input.kind === "renew") return renewed(state, operation);
    if (input.kind === "release") return released(state, operation);
    if (input.kind === "force") return [free(state)];
    if (input.kind === "expire") return maybeOver(state, input) ? [free(state), state] : [state];
    return found(state, operation);
  },
  text: ({ owner, fence, isFenceKnown, endsMs }) =>
    `${owner}/${fence}/${isFenceKnown}/${endsMs.join("-")}`,
};

/** An operation on one stock item whose holds do not expire meanwhile. */
export interface StockInput {
  readonly kind: "hold" | "cancel" | "sold" | "returned" | "adjusted" | "read";
  readonly orderId?: string;
  /** Units; only an adjustment has a sign. */
  readonly quantity: number;
}

export type StockOutput =
  | { readonly kind: "done" }
  | { readonly kind: "refused" }
  | { readonly kind: "level"; readonly available: number };

export interface StockState {
  readonly available: number;
  readonly sold: number;
  readonly holds: Readonly<Record<string, number>>;
}

/** Holding again under the same order changes nothing. */
function heldNow(state: StockState, orderId: string, quantity: number): StockState[] {
  if (state.holds[orderId] !== undefined) return [state];
  if (state.available < quantity) return [];
  const holds = { ...state.holds, [orderId]: quantity };
  return [{ ...state, available: state.available - quantity, holds }];
}

function cancelledNow(state: StockState, orderId: string): StockState[] {
  const { [orderId]: quantity, ...holds } = state.holds;
  if (quantity === undefined) return [state];
  return [{ ...state, available: state.available + quantity, holds }];
}

/** Only what was sold can come back, and nothing goes below zero. */
function moved(state: StockState, { kind, quantity }: StockInput): StockState[] {
  const available = state.available + (kind === "sold" ? -quantity : quantity);
  const sold = state.sold + { sold: quantity, returned: -quantity, adjusted: 0 }[kind as "sold"];
  return available < 0 || sold < 0 ? [] : [{ ...state, available, sold }];
}

function changed(state: StockState, input: StockInput): StockState[] {
  const { kind, orderId = "", quantity } = input;
  if (kind === "hold") return heldNow(state, orderId, quantity);
  if (kind === "cancel") return cancelledNow(state, orderId);
  return kind === "read" ? [state] : moved(state, input);
}

/** One stock item that begins with so many units. */
export function stockModel(units: number): Model<StockState, StockInput, StockOutput> {
  return {
    initial: { available: units, sold: 0, holds: {} },
    after(state, { input, output }) {
      const next = changed(state, input);
      if (output?.kind === "refused") return next.length === 0 ? [state] : [];
      const isTrue = output?.kind !== "level" || output.available === state.available;
      return isTrue ? next : [];
    },
    text: ({ available, sold, holds }) => `${available}/${sold}/${JSON.stringify(holds)}`,
  };
}
