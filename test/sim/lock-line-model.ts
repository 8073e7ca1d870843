/** What a lock with its line promises, as a sequential model: who has it, who waits, and whose turn comes next. */
import type { Model, Operation } from "./linearizability.ts";

/** An operation on one lock and its line, with every instant that its caller's clock showed meanwhile. */
export interface LineInput {
  /** `pass` hands a free lock to the first in line: whoever joins, asks or ends a lock may do it on the way. */
  readonly kind: "join" | "ask" | "leave" | "release" | "renew" | "force" | "find" | "pass";
  readonly owner: string;
  readonly ticket?: string | undefined;
  readonly fence?: number | undefined;
  readonly leaseMs: number;
  readonly clocksMs: readonly number[];
}

export type LineOutput =
  | { readonly kind: "granted"; readonly fence: number; readonly expiresAtMs: number }
  | {
      readonly kind: "queued";
      readonly ticket: string;
      readonly position: number;
      readonly claimBeforeMs: number;
      readonly holder: string;
      readonly fence: number;
    }
  | { readonly kind: "held"; readonly owner: string; readonly fence: number }
  | { readonly kind: "done" | "notOwned" | "gone" | "free" };

interface Waiter {
  readonly ticket: string;
  readonly owner: string;
  readonly leaseMs: number;
  readonly untilMs: number;
}

/** The lock and its line; places whose time is over stay until somebody tidies the line. */
export interface LineState {
  readonly owner: string | undefined;
  readonly fence: number;
  readonly expiresAtMs: number;
  readonly turn: { readonly ticket: string; readonly leaseMs: number; isClaimed: boolean } | null;
  readonly line: readonly Waiter[];
}

export type LineOperation = Operation<LineInput, LineOutput>;
/** What may follow when an operation takes effect at this instant by its caller's clock. */
type Rule = (state: LineState, operation: LineOperation, nowMs: number) => readonly LineState[];

const placeMs = 15_000;
const leastClaimMs = 3_000;

const isLive = (state: LineState, nowMs: number): boolean =>
  state.owner !== undefined && state.expiresAtMs > nowMs;

const living = ({ line }: LineState, nowMs: number): readonly Waiter[] =>
  line.filter(({ untilMs }) => untilMs > nowMs);

/** The user of an owner: a place is his, whichever of his sessions asks for it. */
const userOf = (owner: string): string => owner.split("/")[0]!;

/** First come, first served among those still there; with nobody there, nobody has it. */
function handedOver(state: LineState, nowMs: number): LineState {
  const [head, ...line] = living(state, nowMs);
  if (!head) return { ...state, owner: undefined, line: [] };
  const { owner, untilMs, ticket, leaseMs } = head;
  const expiresAtMs = Math.max(nowMs + leastClaimMs, untilMs);
  const turn = { ticket, leaseMs, isClaimed: false };
  return { owner, fence: state.fence + 1, expiresAtMs, turn, line };
}

/** The state, if the caller heard that he has the lock as it is there. */
function granted(state: LineState, { output }: LineOperation): LineState[] {
  const isTold =
    output?.kind === "granted" &&
    output.fence === state.fence &&
    output.expiresAtMs === state.expiresAtMs;
  return isTold ? [state] : [];
}

/** The state, if the caller heard of this place as it is there, at this or a later look at the clock. */
function placed(state: LineState, { input, output }: LineOperation, ticket: string): LineState[] {
  if (output?.kind !== "queued" || output.ticket !== ticket) return [];
  const isAt = (nowMs: number): boolean =>
    living(state, nowMs).findIndex((waiter) => waiter.ticket === ticket) === output.position - 1;
  const place = state.line.find((waiter) => waiter.ticket === ticket);
  const isTold =
    output.claimBeforeMs === place?.untilMs &&
    output.holder === state.owner &&
    output.fence === state.fence &&
    input.clocksMs.some(isAt);
  return isTold ? [state] : [];
}

/** A place that is asked for in time lasts longer, and never less long. */
function kept(state: LineState, operation: LineOperation, ticket: string, nowMs: number) {
  const line = state.line.map((waiter) =>
    waiter.ticket === ticket
      ? { ...waiter, untilMs: Math.max(waiter.untilMs, nowMs + placeMs) }
      : waiter,
  );
  return placed({ ...state, line }, operation, ticket);
}

const ask: Rule = (state, operation, nowMs) => {
  const { owner, ticket = "" } = operation.input;
  const { turn } = state;
  const isMine = turn?.ticket === ticket && userOf(state.owner ?? "") === userOf(owner);
  if (isMine && isLive(state, nowMs)) {
    if (turn.isClaimed) return granted(state, operation);
    const claimed = { ...turn, isClaimed: true };
    return granted({ ...state, turn: claimed, expiresAtMs: nowMs + turn.leaseMs }, operation);
  }
  const isThere = living(state, nowMs).some((waiter) => waiter.ticket === ticket);
  if (!isThere) return operation.output?.kind === "gone" ? [state] : [];
  return isLive(state, nowMs) ? kept(state, operation, ticket, nowMs) : [];
};

const join: Rule = (state, operation, nowMs) => {
  const { owner, leaseMs } = operation.input;
  const { output } = operation;
  const there = living(state, nowMs);
  const expiresAtMs = nowMs + leaseMs;
  // He saw a turn that nobody had claimed yet, and claiming it made it shorter: then he waits for one that is over.
  const isShortened = state.turn?.isClaimed === true && output?.kind === "queued";
  if (!isLive(state, nowMs) && !isShortened) {
    if (output?.kind !== "granted" || output.fence <= state.fence) return [];
    if (there.length > 0 && there[0]!.owner !== owner) return [];
    const line = there.filter((waiter) => waiter.owner !== owner);
    return granted({ owner, fence: output.fence, expiresAtMs, turn: null, line }, operation);
  }
  if (state.owner === owner) {
    // His place was there when he looked, and became his turn before he asked for it.
    const asking = { ...operation, input: { ...operation.input, ticket: state.turn?.ticket } };
    const claimed = state.turn && { ...state.turn, isClaimed: true };
    return [
      ...granted({ ...state, expiresAtMs }, operation),
      ...granted({ ...state, expiresAtMs, turn: claimed }, operation),
      ...ask(state, asking, nowMs),
    ];
  }
  const known = there.find((waiter) => waiter.owner === owner);
  if (known) return kept(state, operation, known.ticket, nowMs);
  const ticket = output?.kind === "queued" ? output.ticket : "";
  if (state.line.some((waiter) => waiter.ticket === ticket)) return [];
  const waiter = { ticket, owner, leaseMs, untilMs: nowMs + placeMs };
  return placed({ ...state, line: [...state.line, waiter] }, operation, ticket);
};

const leave: Rule = (state, { input: { owner, ticket } }, nowMs) => {
  if (state.line.some((waiter) => waiter.ticket === ticket)) {
    return [{ ...state, line: state.line.filter((waiter) => waiter.ticket !== ticket) }];
  }
  const isTurn = state.turn?.ticket === ticket && userOf(state.owner ?? "") === userOf(owner);
  return [isTurn && isLive(state, nowMs) ? handedOver(state, nowMs) : state];
};

/** Whether the caller has it, by the fence that he shows, if he does. */
function isHeld(state: LineState, { input: { owner, fence } }: LineOperation, nowMs: number) {
  return (
    isLive(state, nowMs) && state.owner === owner && (fence === undefined || fence === state.fence)
  );
}

const release: Rule = (state, operation, nowMs) => {
  const isDone = operation.output?.kind === "done";
  if (isDone !== isHeld(state, operation, nowMs)) return [];
  return [isDone ? handedOver(state, nowMs) : state];
};

const renew: Rule = (state, operation, nowMs) => {
  if (!isHeld(state, operation, nowMs)) return operation.output?.kind === "notOwned" ? [state] : [];
  return granted({ ...state, expiresAtMs: nowMs + operation.input.leaseMs }, operation);
};

/** Whoever waits goes on waiting: handing over comes after it, as an effect of its own. */
const force: Rule = (state) => [{ ...state, owner: undefined }];

const find: Rule = (state, { output }, nowMs) => {
  if (!isLive(state, nowMs)) return output?.kind === "free" ? [state] : [];
  const isTold =
    output?.kind === "held" && output.owner === state.owner && output.fence === state.fence;
  return isTold ? [state] : [];
};

const pass: Rule = (state, _, nowMs) => {
  const isDue = !isLive(state, nowMs) && living(state, nowMs).length > 0;
  return isDue ? [handedOver(state, nowMs)] : [];
};

const rules: Record<LineInput["kind"], Rule> = {
  join,
  ask,
  leave,
  release,
  renew,
  force,
  find,
  pass,
};

/** One lock with its line; every operation takes effect at one of the instants that its caller's clock showed. */
export const lockLineModel: Model<LineState, LineInput, LineOutput> = {
  initial: { owner: undefined, fence: 0, expiresAtMs: 0, turn: null, line: [] },
  after: (state, operation) =>
    operation.input.clocksMs.flatMap((nowMs) =>
      rules[operation.input.kind](state, operation, nowMs),
    ),
  text: (state) => JSON.stringify(state),
};
