/** Keeps count of what functions asked AWS for, so that tests can hold it against what the template grants. */

/** One kind of request of one function. */
export interface RecordedCall {
  readonly function: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
  times: number;
}

/** The record. */
export interface CallRecord {
  add(call: Omit<RecordedCall, "times">): void;
  list(functionName?: string): RecordedCall[];
  clear(): void;
}

/** Makes an empty record; it grows with the kinds of requests, not with their number. */
export function createCallRecord(): CallRecord {
  const calls = new Map<string, RecordedCall>();
  return {
    add(call) {
      const key = `${call.function} ${call.action} ${call.resource} ${call.allowed}`;
      const known = calls.get(key);
      if (known) known.times += 1;
      else calls.set(key, { ...call, times: 1 });
    },
    list: (functionName) =>
      [...calls.values()].filter((call) => !functionName || call.function === functionName),
    clear: () => calls.clear(),
  };
}
