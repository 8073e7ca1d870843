/** How a lock comes to whoever waits for it: given up by its owner, or found free by somebody. */
import type { Actor } from "../base/actor.ts";
import { again, OnceMore } from "../base/again.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { Row } from "../table/write.ts";
import { LineWaits, livingIn } from "./line.ts";
import {
  fenceAfter,
  handOverWrite,
  type LineRelease,
  releaseToLineWrite,
  takePastLineWrite,
} from "./line-store.ts";
import type { Counting } from "./lock-counting.ts";
import { type Acquisition, lockToBe } from "./lock-store.ts";
import { isSameOwner, parseLiveLock, type Lock, LockHeld, parseLock } from "./lock.ts";

/** All who can stand in a line may join, leave or ask once while one lock is handed over, and some twice. */
const mostMoves = 40;

/** Tries until it is done, each time on the row that refused it before. */
export function settle<T>(first: Row, attempt: (row: Row) => Promise<T>): Promise<T> {
  let row = first;
  return again(mostMoves, async () => {
    try {
      return await attempt(row);
    } catch (error) {
      if (!(error instanceof LineWaits)) throw error;
      row = error.row;
      return new OnceMore(error);
    }
  });
}

/** What hand-overs are made of. */
export interface HandingParts {
  readonly database: Database;
  readonly clock: Clock;
  readonly counting: Counting;
}

/** Makes the hand-overs of a lock service. */
export function createHanding({ database, clock, counting }: HandingParts) {
  /** Gives a lock up for whoever waits; a lock that is gone meanwhile is refused. */
  function release(given: LineRelease): Promise<unknown> {
    return settle(given.row, (row) =>
      database.apply(releaseToLineWrite({ ...given, row, nowMs: clock() })),
    );
  }

  /** Hands a lock that nobody has any more to the first in line; undefined when nobody is there. */
  async function passOn(row: Row, resource: string, actor: Actor): Promise<Row | undefined> {
    const write = handOverWrite({ row, resource, nowMs: clock(), actor });
    return write && database.apply(write);
  }

  /**
   * Takes a lock that is free but for its line: for the caller if he is the first or nobody is left,
   * else for whoever is first.
   *
   * @throws LockHeld by whom it was handed over to, or who has it by now
   */
  function take(first: Row, taken: Acquisition): Promise<Lock> {
    const { resource, owner, actor } = taken;
    return settle(first, async (row) => {
      const nowMs = clock();
      const holder = parseLiveLock(row, nowMs);
      if (holder) throw new LockHeld(holder, row);
      const [head] = livingIn(row, nowMs);
      if (!head || isSameOwner(head.owner, owner)) {
        const write = takePastLineWrite({ row, resource, nowMs, actor }, taken);
        return counting.take(write, lockToBe(taken, fenceAfter(row, nowMs), nowMs));
      }
      const after = await database.apply(handOverWrite({ row, resource, nowMs, actor })!);
      const next = parseLock(after);
      // The answer was lost, and whoever got it has given it back since.
      if (!next) throw new LineWaits(after);
      throw new LockHeld(next, after);
    });
  }

  return { release, passOn, take };
}
