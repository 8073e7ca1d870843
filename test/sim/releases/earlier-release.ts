/**
 * The release before this one, as it was (test/releases). It brings its own services, its own database and its own errors; the
 * simulated world around it is today's.
 */
import { createRequire } from "node:module";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { LimitExceeded } from "../../../shared/base/limit-exceeded.ts";
import { ItemsUnavailable } from "../../../shared/inventory/stock.ts";
import { LockHeld } from "../../../shared/locks/lock.ts";
import { ProviderFailed } from "../../../shared/providers/provider.ts";
import type { runOperation } from "../../../shared/table/operation.ts";
import type { createSystem } from "../workloads/system.ts";

/** Errors by which people of the simulation, and services at a bank, tell what happened. */
const errors = { HoldfastError, LimitExceeded, ItemsUnavailable, LockHeld, ProviderFailed };

type Class = abstract new (...given: never[]) => Error;

/** What test/releases/keep-release.ts lets out. */
type EarlierRelease = Readonly<Record<keyof typeof errors, Class>> & {
  readonly createSystem: typeof createSystem;
  readonly runOperation: typeof runOperation;
};

/** An error of either release is one of the other's class of the same name, too. */
function pairErrors(earlier: EarlierRelease): void {
  const twins = new Map<unknown, Class>();
  const isOwn = Function.prototype[Symbol.hasInstance];
  function value(this: Class, error: unknown): boolean {
    const twin = twins.get(this);
    return isOwn.call(this, error) || (twin !== undefined && isOwn.call(twin, error));
  }
  for (const [name, today] of Object.entries(errors)) {
    const before = earlier[name as keyof typeof errors];
    twins.set(today, before).set(before, today);
    for (const each of [today, before]) {
      Object.defineProperty(each, Symbol.hasInstance, { value, configurable: true });
    }
  }
}

let loaded: EarlierRelease | undefined;

/** The release before this one, loaded when somebody first asks for it. */
export function earlierRelease(): EarlierRelease {
  if (loaded) return loaded;
  loaded = createRequire(import.meta.url)("../../releases/earlier.cjs") as EarlierRelease;
  pairErrors(loaded);
  return loaded;
}
