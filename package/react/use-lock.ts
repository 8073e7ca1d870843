/** `useLock`: a named lock for as long as a component is there. */
import type { Client } from "../../client/index.ts";
import { type Kept, type Shown, useKept } from "./keeping.ts";
import { keepName, type NameOptions } from "./name-keeping.ts";

/** A named lock, as far as a component may know. */
export interface NamedLock extends Shown {
  /** Goes with every write that the lock protects; null before it was granted. */
  readonly fence: number | null;
  /** Asks for it again, after it was refused, lost or given back. */
  retake(): void;
  /** Gives it back before the component goes. */
  release(): Promise<void>;
}

/**
 * Takes the lock of this name, renews it, and gives it back when the component goes or the name changes; `null` asks for
 * nothing. Nobody else has it while `state` is `held`; what it protects still checks the fence.
 *
 * @example
 * const { state, owner, retake } = useLock(client, `till/${id}`);
 * if (state === "refused") return <button onClick={retake}>{owner?.username} is at this till</button>;
 */
export function useLock(
  client: Pick<Client, "send">,
  name: string | null,
  options: NameOptions = {},
): NamedLock {
  const kept = useKept<Kept>(client, name === null ? null : `name ${name}`, () =>
    keepName(client, name!, options),
  );
  return {
    ...kept.shown,
    fence: kept.right?.fence ?? null,
    retake: kept.retake,
    async release() {
      await kept.right?.close();
      kept.look();
    },
  };
}
