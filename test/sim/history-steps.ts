/**
 * What random histories are played with: one DynamoDB in memory, services of several owners with a clock each, and
 * every request of every operation a step of its own, so that operations overlap in every possible way; time passes
 * between the steps.
 */
import { silentLogger } from "../../shared/base/logger.ts";
import { epochMs } from "../../shared/base/time.ts";
import { documentService, lockService } from "../../shared/shop.ts";
import type { LockOwner } from "../../shared/locks/lock.ts";
import { createDatabase, type DocumentClient } from "../../shared/table/database.ts";
import { type Command, Engine } from "./engine/engine.ts";
import { type Random, seededRandom } from "./random.ts";
import { simulatedTables } from "./tables.ts";
import { defaultSettings } from "./workloads/system.ts";

const startMs = 1_800_000_000_000;
const dayMs = 86_400_000;

/** A request as it is carried out instead; undefined for one that is answered, but not carried out. */
export type Tamper = (command: Command) => Command | undefined;

/** What a history is made with; `tamper` changes requests on their way, to prove that it shows. */
export interface HistoryOptions {
  readonly seed: number;
  readonly tamper?: Tamper | undefined;
}

/** What a history wants of its steps. */
interface StepsOptions extends HistoryOptions {
  readonly onChange?: ConstructorParameters<typeof Engine>[0]["onChange"];
  /** How much time passes at a step, one of these. */
  readonly pausesMs: readonly number[];
}

/** How histories call an owner. */
export const ownerName = ({ userId, sessionId }: LockOwner): string =>
  `${userId}/${sessionId ?? ""}`;

/** Promises that can go on have done so; nothing here waits for anything else. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

/** Requests that wait for their turn, the database that answers them, and time. */
export class HistorySteps {
  readonly random: Random;
  readonly engine: Engine;
  /** How many steps there were: operations overlap when their steps do. */
  step = 0;
  #nowMs = startMs;
  readonly #tamper: Tamper;
  readonly #pausesMs: readonly number[];
  readonly #pending: (() => void)[] = [];
  #fault: Error | undefined;

  constructor({ seed, tamper = (command) => command, onChange, pausesMs }: StepsOptions) {
    this.random = seededRandom(seed);
    this.#tamper = tamper;
    this.#pausesMs = pausesMs;
    this.engine = new Engine({
      tables: simulatedTables,
      nowMs: () => this.#nowMs,
      ...(onChange ? { onChange } : {}),
    });
  }

  /** The services of somebody whose clock is off by so much; `read` hears of every look at it. */
  open(skewMs: number, read: (nowMs: number) => void = () => {}) {
    const clock = () => {
      read(this.#nowMs + skewMs);
      return epochMs(this.#nowMs + skewMs);
    };
    const send = (command: Command) =>
      new Promise((resolve, reject) => {
        this.#pending.push(() => {
          const answer = this.#answer(command);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        });
      });
    // A pause ends when its turn comes, like a request.
    const sleep = () => new Promise<void>((run) => void this.#pending.push(run));
    const client = { send } as unknown as DocumentClient;
    const database = createDatabase({ client, clock, sleep, tableName: (table) => table });
    const parts = { database, clock, sleep, logger: silentLogger, settings: defaultSettings };
    return { clock, locks: lockService(parts), documents: documentService(parts) };
  }

  /** What no service should say is a fault of the test, or of what it tampers with. */
  fail(error: unknown): void {
    this.#fault = error as Error;
  }

  #answer(command: Command): object {
    try {
      const tampered = this.#tamper(command);
      return tampered ? this.engine.execute(tampered) : {};
    } catch (error) {
      // What DynamoDB would never say is a fault of this test, or of what it tampers with.
      if (!("$metadata" in (error as Error))) this.#fault = error as Error;
      return error as Error;
    }
  }

  /** Goes on until so many operations were started and all have ended; `start` tells whether it could start one. */
  async run(operations: number, start: () => boolean): Promise<void> {
    let left = operations;
    while (left > 0 || this.#pending.length > 0) {
      this.step += 1;
      const choice = this.random.weighted({ start: 4, request: 5, time: 2 });
      if (choice === "time") this.#passTime();
      else if (choice === "start" && left > 0 && start()) left -= 1;
      else if (this.#pending.length > 0) {
        const [next] = this.#pending.splice(this.random.int(0, this.#pending.length - 1), 1);
        next!();
      }
      await settle();
      if (this.#fault) throw this.#fault;
      if (this.step > 5_000) throw new Error("A history that does not end");
    }
  }

  /** Mostly a little, sometimes past a lease, and now and then past what TTL keeps. */
  #passTime(): void {
    const far = this.#pending.length === 0 && this.random.chance(0.05);
    this.#nowMs += far ? 2 * dayMs : this.random.pick(this.#pausesMs);
    if (far) this.engine.deleteExpired(() => this.random.chance(0.8));
  }
}
