/**
 * Random histories of lock operations: several owners at once, each with a clock of its own that is
 * off, on one DynamoDB in memory. Every request of every operation is a step of its own, so that
 * operations overlap in every possible way; time passes between the steps.
 */
import { HoldfastError } from "../../shared/base/errors.ts";
import { silentLogger } from "../../shared/base/logger.ts";
import { epochMs } from "../../shared/base/time.ts";
import { LockHeld, type Lock, type LockOwner } from "../../shared/locks/lock.ts";
import { documentService, lockService } from "../../shared/shop.ts";
import { createDatabase, type DocumentClient } from "../../shared/table/database.ts";
import { type Command, Engine } from "./engine/engine.ts";
import type { Operation } from "./linearizability.ts";
import { type LockInput, lockModel, type LockOutput, type LockState } from "./models.ts";
import { type Random, seededRandom } from "./random.ts";
import { simulatedTables } from "./tables.ts";
import { defaultSettings } from "./workloads/system.ts";

/** `save` writes under the lock and keeps it: it needs what a renewal needs, and changes nothing. */
export type HistoryInput = Omit<LockInput, "kind"> & { readonly kind: LockInput["kind"] | "save" };
export type HistoryOperation = Operation<HistoryInput, LockOutput>;

const documentId = "plan";
const resource = `document/${documentId}`;
const startMs = 1_800_000_000_000;
const dayMs = 86_400_000;
const admin = "root";

/** Whether a save may be refused or accepted in a state; else as the simple model of a lock. */
export const historyModel = {
  ...lockModel,
  after(state: LockState, operation: HistoryOperation): readonly LockState[] {
    const { input, output } = operation;
    if (input.kind !== "save") return lockModel.after(state, operation as never);
    // A renewal that leaves the lease alone.
    const asRenewal = { ...operation, input: { ...input, kind: "renew" as const } };
    const granted = { kind: "granted" as const, fence: input.fence ?? 0, expiresAtMs: 0 };
    const heard = output?.kind === "done" ? { ...asRenewal, output: granted } : asRenewal;
    return lockModel.after(state, heard as never).map(() => state);
  },
};

interface Pending {
  readonly run: () => void;
}

/** What a history is made with; `tamper` changes requests on their way, to prove that it shows. */
export interface HistoryOptions {
  readonly seed: number;
  readonly tamper?: Tamper;
}

/** A request as it is carried out instead; undefined for one that is answered, but not carried out. */
export type Tamper = (command: Command) => Command | undefined;

/** One owner: its own clock, its own services, and what it knows of its hold. */
interface Party {
  readonly owner: LockOwner;
  readonly name: string;
  readonly clock: () => ReturnType<typeof epochMs>;
  readonly locks: ReturnType<typeof lockService>;
  readonly documents: ReturnType<typeof documentService>;
  fence: number | undefined;
  isBusy: boolean;
}

/** Promises that can go on have done so; nothing here waits for anything else. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 12; turn += 1) await Promise.resolve();
}

/** A saved document's fence and who saved it, in the order of the database. */
export interface SavedUnder {
  readonly fence: number;
  readonly presentFence: number;
}

class HistoryRun {
  readonly operations: HistoryOperation[] = [];
  readonly saves: SavedUnder[] = [];
  readonly #random: Random;
  readonly #engine: Engine;
  readonly #tamper: Tamper;
  readonly #parties: Party[];
  #nowMs = startMs;
  #step = 0;
  #pending: Pending[] = [];
  #fault: Error | undefined;

  constructor({ seed, tamper = (command) => command }: HistoryOptions) {
    this.#random = seededRandom(seed);
    this.#tamper = tamper;
    this.#engine = new Engine({
      tables: simulatedTables,
      nowMs: () => this.#nowMs,
      onChange: ({ table, newImage }) => {
        if (table !== "Documents") return;
        const row = this.#engine.table("Locks").get({ resource }) as { fence?: number } | undefined;
        const fence = Number(newImage?.["lastFence"]);
        this.saves.push({ fence, presentFence: Number(row?.fence) });
      },
    });
    const skewMs = this.#random.pick([0, 50, 3_000]);
    const owners: LockOwner[] = [
      { userId: "a" },
      { userId: "a", sessionId: "tab" },
      { userId: "b" },
      { userId: "c" },
      { userId: admin },
    ];
    this.#parties = owners.map((owner) => this.#party(owner, this.#random.int(-skewMs, skewMs)));
  }

  #party(owner: LockOwner, skewMs: number): Party {
    const send = (command: Command) =>
      new Promise((resolve, reject) => {
        const run = () => {
          const answer = this.#answer(command);
          if (answer instanceof Error) reject(answer);
          else resolve(answer);
        };
        this.#pending.push({ run });
      });
    const clock = () => epochMs(this.#nowMs + skewMs);
    // A pause ends when its turn comes, like a request.
    const sleep = () => new Promise<void>((run) => void this.#pending.push({ run }));
    const client = { send } as unknown as DocumentClient;
    const database = createDatabase({ client, clock, sleep, tableName: (table) => table });
    const parts = { database, clock, sleep, logger: silentLogger, settings: defaultSettings };
    const [locks, documents] = [lockService(parts), documentService(parts)];
    const name = `${owner.userId}/${owner.sessionId ?? ""}`;
    return { owner, name, clock, locks, documents, fence: undefined, isBusy: false };
  }

  #answer(command: Command): object {
    try {
      const tampered = this.#tamper(command);
      return tampered ? this.#engine.execute(tampered) : {};
    } catch (error) {
      // What DynamoDB would never say is a fault of this test, or of what it tampers with.
      if (!("$metadata" in (error as Error))) this.#fault = error as Error;
      return error as Error;
    }
  }

  async run(): Promise<void> {
    let left = this.#random.int(6, 12);
    while (left > 0 || this.#pending.length > 0) {
      this.#step += 1;
      const idle = this.#parties.filter(({ isBusy }) => !isBusy);
      const choice = this.#random.weighted({ start: 4, request: 5, time: 2 });
      if (choice === "time") this.#passTime();
      else if (choice === "start" && left > 0 && idle.length > 0) {
        left -= 1;
        this.#start(this.#random.pick(idle));
      } else if (this.#pending.length > 0) {
        const [next] = this.#pending.splice(this.#random.int(0, this.#pending.length - 1), 1);
        next!.run();
      }
      await settle();
      if (this.#fault) throw this.#fault;
      if (this.#step > 5_000) throw new Error("A history that does not end");
    }
  }

  /** Mostly a little, sometimes past a lease, and now and then past what TTL keeps. */
  #passTime(): void {
    const far = this.#pending.length === 0 && this.#random.chance(0.05);
    this.#nowMs += far ? 2 * dayMs : this.#random.pick([1, 40, 400, 1_000, 2_500]);
    if (far) this.#engine.deleteExpired(() => this.#random.chance(0.8));
  }

  #start(party: Party): void {
    const { owner, locks, documents } = party;
    const leaseMs = this.#random.pick([1_000, 2_000, 5_000]);
    const fence = this.#random.chance(0.8) ? party.fence : undefined;
    const hold = { resource, owner, fence };
    if (owner.userId === admin) {
      void this.#record(party, { kind: "force", leaseMs: 0 }, async () => {
        await locks.forceRelease({ resource, actor: { id: admin }, reason: "test" });
        return { kind: "done" };
      });
      return;
    }
    const kind = this.#random.weighted({ acquire: 6, renew: 3, release: 2, save: 4, find: 1 });
    const granted = (lock: Lock): LockOutput => {
      party.fence = lock.fence;
      return { kind: "granted", fence: lock.fence, expiresAtMs: lock.expiresAtMs };
    };
    const work: Record<typeof kind, () => Promise<LockOutput>> = {
      acquire: async () => granted(await locks.acquire({ resource, owner, leaseMs })),
      renew: async () => granted(await locks.renew({ ...hold, leaseMs })),
      release: async () => {
        await locks.release(hold);
        return { kind: "done" };
      },
      save: async () => {
        const save = { documentId, content: party.name, owner, fence: fence ?? 1, keepLock: true };
        await documents.save(save);
        return { kind: "done" };
      },
      find: async () => {
        const lock = await locks.find(resource);
        if (!lock) return { kind: "free" };
        const { userId, sessionId } = lock.owner;
        return { kind: "held", owner: `${userId}/${sessionId ?? ""}`, fence: lock.fence };
      },
    };
    const used = kind === "save" ? (fence ?? 1) : fence;
    const input = { kind, leaseMs, ...(used === undefined ? {} : { fence: used }) };
    void this.#record(party, input, work[kind]);
  }

  async #record(
    party: Party,
    input: Pick<HistoryInput, "kind" | "leaseMs" | "fence">,
    work: () => Promise<LockOutput>,
  ): Promise<void> {
    const calledAtMs = this.#step;
    const fromMs = party.clock();
    party.isBusy = true;
    const output = await work().catch((error: unknown): LockOutput => {
      if (error instanceof LockHeld) {
        const { userId, sessionId } = error.lock.owner;
        return { kind: "held", owner: `${userId}/${sessionId ?? ""}`, fence: error.lock.fence };
      }
      if (error instanceof HoldfastError && error.code === "LOCK_NOT_OWNED") {
        return { kind: "notOwned" };
      }
      this.#fault = error as Error;
      return { kind: "notOwned" };
    });
    party.isBusy = false;
    this.operations.push({
      input: { ...input, owner: party.name, clockMs: [fromMs, party.clock()] },
      output,
      calledAtMs,
      returnedAtMs: this.#step,
    });
  }
}

/** Runs one history and hands back what every caller saw, and what was saved. */
export async function runHistory(
  options: HistoryOptions,
): Promise<Pick<HistoryRun, "operations" | "saves">> {
  const run = new HistoryRun(options);
  await run.run();
  return run;
}
