/** Looking again: what others changed meanwhile is read anew and tried anew, so many times and no more. */
import { TryAgain } from "./errors.ts";

/** What an attempt hands back when something moved under it: nothing was changed, and it is worth another look. */
export class OnceMore {
  /** What it comes to when no round is left. */
  readonly worn: unknown;

  constructor(worn: unknown = new TryAgain()) {
    this.worn = worn;
  }
}

/**
 * Runs `attempt` until it hands back anything but `OnceMore`, at most so many times; `round` counts from 0.
 * Whatever an attempt throws is final. There is no wait in between: each round answers something that only a
 * refusal could tell. Who sets `rounds` says of what there can be so many.
 *
 * @throws TryAgain (or what the last `OnceMore` carries) when the last round was not enough; nothing was changed
 * @example
 * const order = await again(mostMoves, async () => (await tryToClose()) ?? new OnceMore());
 */
export async function again<T>(
  rounds: number,
  attempt: (round: number) => Promise<T | OnceMore>,
): Promise<T> {
  for (let round = 0; ; round += 1) {
    const outcome = await attempt(round);
    if (!(outcome instanceof OnceMore)) return outcome;
    if (round + 1 >= rounds) throw outcome.worn;
  }
}
