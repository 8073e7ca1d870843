/** Random histories of lock operations: several owners at once, each with a clock of its own that is off. */
import { HoldfastError } from "../../shared/base/errors.ts";
import { LockHeld, type Lock, type LockOwner } from "../../shared/locks/lock.ts";
import { type HistoryOptions, HistorySteps, ownerName } from "./history-steps.ts";
import type { Operation } from "./linearizability.ts";
import { type LockInput, lockModel, type LockOutput, type LockState } from "./models.ts";

/** `save` writes under the lock and keeps it: it needs what a renewal needs, and changes nothing. */
export type HistoryInput = Omit<LockInput, "kind"> & { readonly kind: LockInput["kind"] | "save" };
export type HistoryOperation = Operation<HistoryInput, LockOutput>;

const documentId = "plan";
const resource = `document/${documentId}`;
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

/** One owner: its own clock, its own services, and what it knows of its hold. */
interface Party extends ReturnType<HistorySteps["open"]> {
  readonly owner: LockOwner;
  readonly name: string;
  fence: number | undefined;
  isBusy: boolean;
}

/** A saved document's fence and who saved it, in the order of the database. */
export interface SavedUnder {
  readonly fence: number;
  readonly presentFence: number;
}

class HistoryRun {
  readonly operations: HistoryOperation[] = [];
  readonly saves: SavedUnder[] = [];
  readonly #steps: HistorySteps;
  readonly #parties: Party[];

  constructor(options: HistoryOptions) {
    this.#steps = new HistorySteps({
      ...options,
      pausesMs: [1, 40, 400, 1_000, 2_500],
      onChange: ({ table, newImage }) => {
        if (table !== "Documents") return;
        const { engine } = this.#steps;
        const row = engine.table("Locks").get({ resource }) as { fence?: number } | undefined;
        const fence = Number(newImage?.["lastFence"]);
        this.saves.push({ fence, presentFence: Number(row?.fence) });
      },
    });
    const { random } = this.#steps;
    const skewMs = random.pick([0, 50, 3_000]);
    const owners: LockOwner[] = [
      { userId: "a" },
      { userId: "a", sessionId: "tab" },
      { userId: "b" },
      { userId: "c" },
      { userId: admin },
    ];
    this.#parties = owners.map((owner) => ({
      owner,
      name: ownerName(owner),
      ...this.#steps.open(random.int(-skewMs, skewMs)),
      fence: undefined,
      isBusy: false,
    }));
  }

  async run(): Promise<void> {
    const { random } = this.#steps;
    await this.#steps.run(random.int(6, 12), () => {
      const idle = this.#parties.filter(({ isBusy }) => !isBusy);
      if (idle.length > 0) this.#start(random.pick(idle));
      return idle.length > 0;
    });
  }

  #start(party: Party): void {
    const { owner, locks, documents } = party;
    const leaseMs = this.#steps.random.pick([1_000, 2_000, 5_000]);
    const fence = this.#steps.random.chance(0.8) ? party.fence : undefined;
    const hold = { resource, owner, fence };
    if (owner.userId === admin) {
      void this.#record(party, { kind: "force", leaseMs: 0 }, async () => {
        await locks.forceRelease({ resource, actor: { id: admin }, reason: "test" });
        return { kind: "done" };
      });
      return;
    }
    const kind = this.#steps.random.weighted({
      acquire: 6,
      renew: 3,
      release: 2,
      save: 4,
      find: 1,
    });
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
        return { kind: "held", owner: ownerName(lock.owner), fence: lock.fence };
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
    const calledAtMs = this.#steps.step;
    const fromMs = party.clock();
    party.isBusy = true;
    const output = await work().catch((error: unknown): LockOutput => {
      if (error instanceof LockHeld) {
        return { kind: "held", owner: ownerName(error.lock.owner), fence: error.lock.fence };
      }
      if (error instanceof HoldfastError && error.code === "LOCK_NOT_OWNED") {
        return { kind: "notOwned" };
      }
      this.#steps.fail(error);
      return { kind: "notOwned" };
    });
    party.isBusy = false;
    this.operations.push({
      input: { ...input, owner: party.name, clockMs: [fromMs, party.clock()] },
      output,
      calledAtMs,
      returnedAtMs: this.#steps.step,
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
