/** Random histories of a lock that people wait for in line, each with a clock of their own that is off. */
import { HoldfastError } from "../../shared/base/errors.ts";
import type { Standing } from "../../shared/locks/line-service.ts";
import type { Lock, LockOwner } from "../../shared/locks/lock.ts";
import { type HistoryOptions, HistorySteps, ownerName } from "./history-steps.ts";
import type { Operation } from "./linearizability.ts";
import type { LineInput, LineOperation, LineOutput } from "./lock-line-model.ts";
import type { LockInput, LockOutput } from "./models.ts";

const resource = "name/stage";
const admin = "root";

/** One who wants the lock, and what he knows of it. */
interface Party extends ReturnType<HistorySteps["open"]> {
  readonly owner: LockOwner;
  /** What his clock showed since his operation began. */
  readonly readings: Set<number>;
  fence: number | undefined;
  ticket: string | undefined;
  isBusy: boolean;
}

type Kind = Exclude<LineInput["kind"], "pass">;

class LineRun {
  readonly operations: LineOperation[] = [];
  readonly #steps: HistorySteps;
  readonly #parties: Party[];

  constructor({ skewsMs, ...options }: HistoryOptions & { readonly skewsMs: readonly number[] }) {
    this.#steps = new HistorySteps({ ...options, pausesMs: [1, 40, 400, 1_000, 2_500, 6_000] });
    const { random } = this.#steps;
    const skewMs = random.pick(skewsMs);
    const owners: LockOwner[] = [
      { userId: "a" },
      { userId: "a", sessionId: "tab" },
      { userId: "b" },
      { userId: "c" },
      { userId: "d" },
      { userId: admin },
    ];
    this.#parties = owners.map((owner) => {
      const readings = new Set<number>();
      const opened = this.#steps.open(random.int(-skewMs, skewMs), (nowMs) => readings.add(nowMs));
      return { ...opened, owner, readings, fence: undefined, ticket: undefined, isBusy: false };
    });
  }

  async run(): Promise<void> {
    const { random } = this.#steps;
    await this.#steps.run(random.int(14, 24), () => {
      const idle = this.#parties.filter(({ isBusy }) => !isBusy);
      if (idle.length > 0) void this.#start(random.pick(idle));
      return idle.length > 0;
    });
  }

  /** What somebody who knows so much does next. */
  #choose({ owner, ticket, fence }: Party): Kind {
    const { random } = this.#steps;
    if (owner.userId === admin) return random.weighted({ force: 2, find: 1 });
    if (fence !== undefined) return random.weighted({ release: 4, renew: 2, join: 1, ask: 1 });
    if (ticket === undefined) return "join";
    return random.weighted({ ask: 6, leave: 1, join: 2 });
  }

  #standing(party: Party, standing: Standing): LineOutput {
    if ("lock" in standing) return this.#granted(party, standing.lock);
    const { ticket, position, claimBeforeMs, lock } = standing.place;
    party.ticket = ticket;
    party.fence = undefined;
    const holder = ownerName(lock.owner);
    return { kind: "queued", ticket, position, claimBeforeMs, holder, fence: lock.fence };
  }

  #granted(party: Party, { fence, expiresAtMs }: Lock): LineOutput {
    party.fence = fence;
    return { kind: "granted", fence, expiresAtMs };
  }

  async #start(party: Party): Promise<void> {
    const { random } = this.#steps;
    const { owner, locks, fence, ticket = "none", readings } = party;
    const kind = this.#choose(party);
    const leaseMs = random.pick([1_000, 2_000, 5_000, 20_000]);
    const proof = { resource, owner, fence };
    const place = { resource, ticket, userId: owner.userId, actor: { id: owner.userId } };
    const work: Record<Kind, () => Promise<LineOutput>> = {
      join: async () =>
        this.#standing(party, await locks.acquireOrQueue({ resource, owner, leaseMs })),
      ask: async () => this.#standing(party, await locks.line.ask(place)),
      leave: async () => {
        party.ticket = undefined;
        await locks.line.leave(place);
        return { kind: "done" };
      },
      release: async () => {
        party.fence = undefined;
        party.ticket = random.chance(0.7) ? undefined : party.ticket;
        await locks.release(proof);
        return { kind: "done" };
      },
      renew: async () => this.#granted(party, await locks.renew({ ...proof, leaseMs })),
      force: async () => {
        await locks.forceRelease({ resource, actor: { id: admin }, reason: "test" });
        return { kind: "done" };
      },
      find: async () => {
        const lock = await locks.find(resource);
        if (!lock) return { kind: "free" };
        return { kind: "held", owner: ownerName(lock.owner), fence: lock.fence };
      },
    };
    const calledAtMs = this.#steps.step;
    party.isBusy = true;
    readings.clear();
    const output = await work[kind]().catch((error: unknown) => this.#refused(party, error));
    party.isBusy = false;
    const clocksMs = [...readings];
    const input = { kind, owner: ownerName(owner), ticket, fence, leaseMs, clocksMs };
    const span = { calledAtMs, returnedAtMs: this.#steps.step };
    this.operations.push({ input, output, ...span });
    if (!["join", "ask", "force"].includes(kind)) return;
    this.operations.push({ input: { ...input, kind: "pass" }, output: undefined, ...span });
  }

  #refused(party: Party, error: unknown): LineOutput {
    if (error instanceof HoldfastError && error.code === "LOCK_NOT_OWNED") {
      party.fence = undefined;
      return { kind: "notOwned" };
    }
    if (error instanceof HoldfastError && error.code === "TICKET_NOT_FOUND") {
      party.ticket = undefined;
      return { kind: "gone" };
    }
    this.#steps.fail(error);
    return { kind: "gone" };
  }
}

/** Runs one history and hands back what every caller saw, and when somebody may have handed the lock over meanwhile. */
export async function runLineHistory(
  options: HistoryOptions & { readonly skewsMs: readonly number[] },
): Promise<readonly LineOperation[]> {
  const run = new LineRun(options);
  await run.run();
  return run.operations;
}

/**
 * The same history as somebody sees it who knows of locks, but of no line: turns are acquisitions, places are nothing,
 * who leaves may have given his lock back, and where one may have been handed over, one that was over may have ended.
 */
export function withoutLine(
  history: readonly LineOperation[],
): readonly Operation<LockInput, LockOutput>[] {
  return history.flatMap((operation): Operation<LockInput, LockOutput>[] => {
    const { input, output, calledAtMs, returnedAtMs } = operation;
    const { kind, owner, fence, leaseMs, clocksMs } = input;
    const clockMs = [Math.min(...clocksMs), Math.max(...clocksMs)] as const;
    const seen = (as: LockInput["kind"], told: LockOutput | undefined) => [
      {
        input: { kind: as, owner, leaseMs, clockMs, ...(fence === undefined ? {} : { fence }) },
        output: told,
        calledAtMs,
        returnedAtMs,
      },
    ];
    if (kind === "leave") return seen("release", undefined);
    if (kind === "pass") return seen("expire", undefined);
    if (kind === "force") return seen("force", { kind: "done" });
    if (kind === "release" || kind === "renew") return seen(kind, output as LockOutput);
    return output?.kind === "granted" ? seen("acquire", output) : [];
  });
}
