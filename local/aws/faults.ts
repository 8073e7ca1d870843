/**
 * Breaks things on purpose, for tests: kills the worker of a function at the k-th AWS request of one of its
 * invocations, or makes that request slow. "before" means that AWS never saw the request, "after" that it
 * was carried out and only the answer got lost, which is the harder case for any protocol.
 */
import { randomUUID } from "node:crypto";

/** What shall go wrong. */
export interface FaultRequest {
  readonly function: string;
  /** Which AWS request of an invocation is hit, counted from 1. */
  readonly afterRequests: number;
  readonly mode: "before" | "after" | "delay";
  /** How long a delayed request waits. */
  readonly delayMs?: number;
  /** How many invocations are hit before the fault is over; 1 unless told. */
  readonly times?: number;
}

/** A fault and what became of it. */
export interface Fault extends Required<FaultRequest> {
  readonly id: string;
  /** For each time it struck: how many AWS requests the invocation had made, the struck one included. */
  readonly fired: { atMs: number; requests: number; operation: string }[];
}

/** The faults that are set. */
export interface Faults {
  add(request: FaultRequest): Fault;
  list(): Fault[];
  clear(): void;
  /** The fault that strikes this request, if one does; it then counts as fired. */
  strike(functionName: string, requests: number, operation: string): Fault | undefined;
}

/** Makes an empty set of faults. */
export function createFaults(): Faults {
  let faults: Fault[] = [];
  return {
    add(request) {
      const fault = { delayMs: 1000, times: 1, ...request, id: randomUUID(), fired: [] };
      faults.push(fault);
      return fault;
    },
    list: () => faults,
    clear() {
      faults = [];
    },
    strike(functionName, requests, operation) {
      const fault = faults.find(
        (one) =>
          one.function === functionName &&
          one.afterRequests === requests &&
          one.fired.length < one.times,
      );
      fault?.fired.push({ atMs: Date.now(), requests, operation });
      return fault;
    },
  };
}
