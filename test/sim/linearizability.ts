/**
 * Decides whether a history of concurrent operations could have happened one after the other, in an
 * order that respects who was done before whom: Wing and Gong's search, with the states that were
 * visited remembered.
 */

/** An operation as its caller saw it. */
export interface Operation<Input, Output> {
  readonly input: Input;
  /** Undefined when the caller never heard: it may have happened at any time until it returned, or never. */
  readonly output: Output | undefined;
  readonly calledAtMs: number;
  /** Infinity when nobody knows until when it may have happened. */
  readonly returnedAtMs: number;
}

/** What the operations are supposed to be operations on. */
export interface Model<State, Input, Output> {
  readonly initial: State;
  /** The states that may follow if the operation takes effect now; none if it cannot with its output. */
  readonly after: (state: State, operation: Operation<Input, Output>) => readonly State[];
  /** Equal texts for equal states. */
  readonly text: (state: State) => string;
}

/** The verdict; where there is no order, how far the best one came. */
export interface Verdict<Input, Output> {
  readonly isLinearizable: boolean;
  /** The longest order that was found, as far as it goes. */
  readonly longest: readonly Operation<Input, Output>[];
}

/**
 * The operations that may come next: those called before any of the others had returned. One that nobody heard of
 * holds up nobody, and has come too late once one that was called after its end has its place.
 */
function candidates<I, O>(
  left: readonly Operation<I, O>[],
  lastCalledMs: number,
): Operation<I, O>[] {
  const heard = left.filter(({ output }) => output !== undefined);
  const firstReturnMs = Math.min(...heard.map(({ returnedAtMs }) => returnedAtMs));
  return left.filter(
    ({ calledAtMs, returnedAtMs }) => calledAtMs <= firstReturnMs && returnedAtMs >= lastCalledMs,
  );
}

/** Looks for an order; histories of some dozens of operations take no time. */
export function checkLinearizability<State, Input, Output>(
  model: Model<State, Input, Output>,
  history: readonly Operation<Input, Output>[],
): Verdict<Input, Output> {
  const indexOf = new Map(history.map((operation, index) => [operation, index]));
  const visited = new Set<string>();
  let longest: readonly Operation<Input, Output>[] = [];

  function search(
    state: State,
    left: readonly Operation<Input, Output>[],
    order: readonly Operation<Input, Output>[],
  ): boolean {
    if (order.length > longest.length) longest = order;
    // What nobody has heard of may as well never have happened.
    if (left.every(({ output }) => output === undefined)) return true;
    const name = `${left.map((operation) => indexOf.get(operation)).join(",")}|${model.text(state)}`;
    if (visited.has(name)) return false;
    visited.add(name);
    const lastCalledMs = Math.max(...order.map(({ calledAtMs }) => calledAtMs));
    return candidates(left, lastCalledMs).some((operation) => {
      const rest = left.filter((other) => other !== operation);
      const next = [...order, operation];
      return model.after(state, operation).some((following) => search(following, rest, next));
    });
  }

  const sorted = history.toSorted((one, other) => one.calledAtMs - other.calledAtMs);
  return { isLinearizable: search(model.initial, sorted, []), longest };
}
