/** Calls to a provider with retries, a time limit and a circuit breaker around them. */
import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  ExponentialBackoff,
  handleWhen,
  retry,
  TaskCancelledError,
  timeout,
  TimeoutStrategy,
  wrap,
} from "cockatiel";
import { ProviderFailed, type ProviderName } from "./provider.ts";

/** How patient the calls to a provider are; the defaults fit inside a request's 29 s. */
export interface Patience {
  /** One attempt, in milliseconds. */
  readonly attemptMs?: number;
  /** All attempts of one call together, in milliseconds. */
  readonly totalMs?: number;
  /** Retries after the first attempt. */
  readonly retries?: number;
  readonly firstBackoffMs?: number;
  /** So many failures in a row open the circuit. */
  readonly failuresToOpen?: number;
  /** How long an open circuit refuses calls before it lets one through to see. */
  readonly openMs?: number;
}

/** Runs a call to the provider; whatever goes wrong comes out as `ProviderFailed`. */
export type Guard = <T>(call: (signal: AbortSignal) => Promise<T>) => Promise<T>;

/** A refusal is the provider's answer: only a fault is worth another attempt, or opens the circuit. */
function isFault(error: unknown): boolean {
  if (error instanceof ProviderFailed) return error.retriable;
  return !(error instanceof BrokenCircuitError);
}

function translateFailure(provider: ProviderName, error: unknown): ProviderFailed {
  if (error instanceof ProviderFailed) return error;
  if (error instanceof BrokenCircuitError)
    return new ProviderFailed(provider, "circuit_open", true);
  const timedOut = error instanceof TaskCancelledError;
  return new ProviderFailed(provider, timedOut ? "timeout" : "unreachable", true);
}

/** The guard of one provider; its circuit is shared by all calls of this process. */
export function createGuard(provider: ProviderName, patience: Patience = {}): Guard {
  const { attemptMs = 3_500, totalMs = 9_000, retries = 2, firstBackoffMs = 100 } = patience;
  const { failuresToOpen = 5, openMs = 5_000 } = patience;
  const faults = handleWhen(isFault);
  const policy = wrap(
    timeout(totalMs, TimeoutStrategy.Aggressive),
    retry(faults, {
      maxAttempts: retries,
      backoff: new ExponentialBackoff({ initialDelay: firstBackoffMs, maxDelay: 1_000 }),
    }),
    circuitBreaker(faults, {
      halfOpenAfter: openMs,
      breaker: new ConsecutiveBreaker(failuresToOpen),
    }),
    timeout(attemptMs, TimeoutStrategy.Aggressive),
  );
  return async (call) => {
    try {
      return await policy.execute(({ signal }) => {
        // A pause that outlasted all time ends here: nobody waits for an answer, and nobody was asked who could fail.
        if (signal.aborted) throw new ProviderFailed(provider, "timeout", false);
        return call(signal);
      });
    } catch (error) {
      throw translateFailure(provider, error);
    }
  };
}
