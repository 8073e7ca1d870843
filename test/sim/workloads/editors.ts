/**
 * Editors of documents who pause, crash and come back; administrators who end their locks; tree locks;
 * and TTL, which deletes what is a day old. The histories of locks go through the linearizability check.
 */
import { LockBooks } from "../invariants/lock-books.ts";
import { checkLinearizability, type Operation } from "../linearizability.ts";
import { type LockInput, lockModel, type LockOutput } from "../models.ts";
import { noFaults } from "../scheduler/faults.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import { LockHeld, type Lock, type LockOwner } from "../../../shared/locks/lock.ts";
import { type Answer, Processes } from "./processes.ts";
import { createSystem, defaultSettings, type System } from "./system.ts";

const horizonMs = 900_000;
const dayMs = 86_400_000;

type LockOperation = Operation<LockInput, LockOutput>;

function nameOf({ userId, sessionId }: LockOwner): string {
  return `${userId}/${sessionId ?? ""}`;
}

export class Editors {
  readonly world: World;
  readonly books: LockBooks;
  readonly processes: Processes;
  readonly #histories = new Map<string, LockOperation[]>();
  readonly #startMs: number;

  constructor(world: World) {
    this.world = world;
    this.books = new LockBooks(world);
    this.processes = new Processes(world, 3, () => createSystem(world, defaultSettings));
    this.#startMs = world.nowMs;
  }

  get #isOpen(): boolean {
    return this.world.nowMs < this.#startMs + horizonMs;
  }

  async run(): Promise<void> {
    const { random } = this.world;
    const kind = random.weighted({ documents: 3, locks: 3, trees: 2, work: 1 });
    const count = random.int(2, 5);
    const owners = Array.from({ length: count }, (_, index): LockOwner => {
      const userId = `user-${index % 3}`;
      return random.chance(0.5) ? { userId, sessionId: `tab-${index}` } : { userId };
    });
    const people = owners.map((owner) => this.#person(kind, owner));
    if (random.chance(0.6)) people.push(this.#administrator(kind));
    if (random.chance(0.4)) people.push(this.#tidy());
    if (random.chance(0.3)) people.push(this.#timeToLive());
    await Promise.all(people);
    await this.#settle();
  }

  async #person(kind: "documents" | "locks" | "trees" | "work", owner: LockOwner): Promise<void> {
    const steps = this.world.random.int(2, 5);
    for (let step = 0; step < steps && this.#isOpen; step += 1) {
      await this.world.sleep(this.world.random.int(1, 20_000));
      if (kind === "documents") await this.editDocument(owner, `text of ${nameOf(owner)} ${step}`);
      if (kind === "locks") await this.#useLock(owner);
      if (kind === "trees") await this.#useTree(owner);
      if (kind === "work") await this.#workUnderLock(owner);
    }
  }

  #leaseMs(): number {
    return this.world.random.pick([1_000, 5_000, 20_000, 60_000]);
  }

  /** A session of editing: edit, heartbeat, save once or twice, release or forget. */
  async editDocument(owner: LockOwner, text: string): Promise<void> {
    const { random } = this.world;
    const documentId = random.pick(["report", "plan"]);
    const resource = `document/${documentId}`;
    const who = nameOf(owner);
    const leaseMs = this.#leaseMs();
    const begun = await this.processes.insist(
      `edit:${who}`,
      ({ documents }) => documents.edit(documentId, { owner, leaseMs }),
      { attempts: 3 },
    );
    if (begun.kind !== "done") return;
    const { fence } = begun.value.lock;
    await this.world.sleep(random.int(1, leaseMs * 2));
    if (random.chance(0.5)) {
      await this.processes.request(`renew:${who}`, ({ locks }) =>
        locks.renew({ resource, owner, fence, leaseMs }),
      );
    }
    const saves = random.int(1, 2);
    for (let save = 1; save <= saves; save += 1) {
      const keepLock = save < saves || random.chance(0.2);
      const key = random.chance(0.5) ? { idempotencyKey: `${text} ${save}` } : {};
      await this.processes.insist(
        `save:${who}`,
        ({ documents }) =>
          documents.save({
            documentId,
            content: `${text} ${save}`,
            owner,
            fence,
            keepLock,
            ...key,
          }),
        { attempts: 3 },
      );
      await this.world.sleep(random.int(1, 5_000));
    }
    if (random.chance(0.5)) {
      await this.processes.request(`release:${who}`, ({ locks }) =>
        locks.release({ resource, owner, fence }),
      );
    }
  }

  /** One lock operation, written down as its caller saw it. */
  async #operate(
    owner: LockOwner,
    input: Pick<LockInput, "kind" | "leaseMs"> & { fence?: number; resource: string },
    work: (system: System) => Promise<LockOutput>,
  ): Promise<Answer<LockOutput>> {
    const { resource, ...what } = input;
    const calledAtMs = this.world.nowMs;
    const most = this.world.options.skewMs ?? 0;
    let skewMs: readonly [number, number] = [-most, most];
    const answer = await this.processes.request(`${input.kind}:${nameOf(owner)}`, (system) => {
      skewMs = [system.process.skewMs, system.process.skewMs];
      return work(system);
    });
    const isHeard = answer.kind !== "unknown";
    const returnedAtMs = isHeard ? this.world.nowMs : Infinity;
    // The instant in a request is read before it is sent: at the latest when its answer came, and for
    // a process that stopped, before the request could have been under way any longer.
    const lastMs = isHeard ? returnedAtMs : this.world.nowMs;
    const clockMs = [calledAtMs + skewMs[0], lastMs + skewMs[1]] as const;
    const output = this.#outputOf(answer);
    const operation = {
      input: { ...what, owner: nameOf(owner), clockMs },
      output,
      calledAtMs,
      returnedAtMs,
    };
    this.#histories.set(resource, [...(this.#histories.get(resource) ?? []), operation]);
    return answer;
  }

  #outputOf(answer: Answer<LockOutput>): LockOutput | undefined {
    if (answer.kind === "done") return answer.value;
    if (answer.kind === "unknown") return undefined;
    const { error } = answer;
    if (error instanceof LockHeld) {
      const { owner, fence } = error.lock;
      return { kind: "held", owner: nameOf(owner), fence };
    }
    if (error.code === "LOCK_NOT_OWNED") return { kind: "notOwned" };
    // Busy: nothing was changed, nothing was learned.
    return undefined;
  }

  async #useLock(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const resource = random.pick(["job", "door"]);
    const leaseMs = this.#leaseMs();
    const granted = (lock: Lock): LockOutput => {
      return { kind: "granted", fence: lock.fence, expiresAtMs: lock.expiresAtMs };
    };
    if (random.chance(0.2)) {
      await this.#operate(owner, { kind: "find", leaseMs, resource }, async ({ locks }) => {
        const lock = await locks.find(resource);
        return lock
          ? { kind: "held", owner: nameOf(lock.owner), fence: lock.fence }
          : { kind: "free" };
      });
      return;
    }
    const acquire = () =>
      this.#operate(owner, { kind: "acquire", leaseMs, resource }, async ({ locks }) =>
        granted(await locks.acquire({ resource, owner, leaseMs })),
      );
    const answer = await acquire();
    if (answer.kind !== "done" || answer.value.kind !== "granted") return;
    const { fence } = answer.value;
    await this.world.sleep(random.int(1, leaseMs * 2));
    if (random.chance(0.5)) {
      await this.#operate(owner, { kind: "renew", leaseMs, resource, fence }, async ({ locks }) =>
        granted(await locks.renew({ resource, owner, fence, leaseMs })),
      );
    }
    if (random.chance(0.2)) await acquire();
    if (random.chance(0.7)) {
      await this.#operate(
        owner,
        { kind: "release", leaseMs, resource, fence },
        async ({ locks }) => {
          await locks.release({ resource, owner, fence });
          return { kind: "done" };
        },
      );
    }
  }

  async #useTree(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const resource = random.pick(["shelf", "shelf/1", "shelf/1/a", "shelf/1/b", "shelf/2"]);
    const leaseMs = this.#leaseMs();
    const who = nameOf(owner);
    const taken = await this.processes.insist(
      `acquire:${who}`,
      ({ locks }) => locks.acquire({ resource, owner, leaseMs, scope: "tree" }),
      { attempts: 2 },
    );
    if (taken.kind !== "done") return;
    await this.world.sleep(random.int(1, leaseMs * 2));
    const { fence } = taken.value;
    const hold = { resource, owner, fence, scope: "tree" } as const;
    if (random.chance(0.4)) {
      await this.processes.request(`renew:${who}`, ({ locks }) =>
        locks.renew({ ...hold, leaseMs }),
      );
    }
    if (random.chance(0.7)) {
      await this.processes.request(`release:${who}`, ({ locks }) => locks.release(hold));
    }
  }

  /** Work under a lock that renews itself: no two such works overlap unless one was told to stop. */
  async #workUnderLock(owner: LockOwner): Promise<void> {
    const { random } = this.world;
    const leaseMs = this.#leaseMs();
    await this.processes.request(`work`, ({ locks }) =>
      locks.withLock("job", { owner, leaseMs }, async () => {
        await this.world.sleep(random.int(1, leaseMs * 3));
      }),
    );
  }

  async #administrator(kind: string): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < 3 && this.#isOpen; step += 1) {
      await this.world.sleep(random.int(1, 60_000));
      if (kind === "locks") {
        const resource = random.pick(["job", "door"]);
        const owner = { userId: "root" };
        await this.#operate(owner, { kind: "force", leaseMs: 0, resource }, async ({ locks }) => {
          await locks.forceRelease({ resource, actor: { id: "root" }, reason: "holiday" });
          return { kind: "done" };
        });
        continue;
      }
      const resource = random.pick(
        kind === "trees" ? ["shelf", "shelf/1", "shelf/1/a"] : ["document/report", "document/plan"],
      );
      await this.processes.request("force", ({ locks }) =>
        locks.forceRelease({ resource, actor: { id: "root" }, reason: "holiday" }),
      );
    }
  }

  /** The sweep of locks: drops owners whose lease is over. */
  async #tidy(): Promise<void> {
    for (let step = 0; step < 4 && this.#isOpen; step += 1) {
      await this.world.sleep(this.world.random.int(1, 60_000));
      const sweeper = { userId: "sweep" };
      const input = { kind: "expire" as const, leaseMs: 0 };
      const calledAtMs = this.world.nowMs;
      const most = this.world.options.skewMs ?? 0;
      await this.processes.request("tidy", ({ locks }) =>
        locks.sweep({ limit: 10, actor: { id: "system:sweep" } }),
      );
      // One run looks at every lock: for each it is an operation of its own.
      for (const resource of ["job", "door"]) {
        const clockMs = [calledAtMs - most, this.world.nowMs + most] as const;
        const operation: LockOperation = {
          input: { ...input, owner: nameOf(sweeper), clockMs },
          output: { kind: "done" },
          calledAtMs,
          returnedAtMs: this.world.nowMs,
        };
        this.#histories.set(resource, [...(this.#histories.get(resource) ?? []), operation]);
      }
    }
  }

  /** Days go by between two edits, and TTL takes away what is old. */
  async #timeToLive(): Promise<void> {
    const { world } = this;
    await world.sleep(world.random.int(10_000, horizonMs));
    for (let day = 0; day < 3; day += 1) {
      await world.sleep(world.random.int(dayMs / 2, 2 * dayMs));
      world.engine.deleteExpired(() => world.random.chance(0.7));
      const owner = { userId: `late-${day}` };
      await this.#useLock(owner);
      await this.editDocument(owner, `late ${day}`);
    }
  }

  async #settle(): Promise<void> {
    this.world.rates = noFaults;
    await this.world.sleep(120_000);
    for (const [resource, history] of this.#histories) this.#checkHistory(resource, history);
  }

  #checkHistory(resource: string, history: readonly LockOperation[]): void {
    const { isLinearizable, longest } = checkLinearizability(lockModel, history);
    if (isLinearizable) return;
    const left = history.filter((operation) => !longest.includes(operation));
    const show = (operations: readonly LockOperation[]): string =>
      operations.map((operation) => JSON.stringify(operation)).join("\n  ");
    throw new InvariantBroken(
      "linearizability",
      `${resource}: no order explains this\n  ${show(longest)}\n left:\n  ${show(left)}`,
    );
  }
}
