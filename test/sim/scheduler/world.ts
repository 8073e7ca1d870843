/**
 * The simulated world: one DynamoDB, virtual time, and processes whose requests are interleaved by a
 * seeded scheduler. Nothing here waits for real time, so a seed always gives the same run.
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { type Command, Engine, type Output } from "../engine/engine.ts";
import type { ChangeRecord, TableDefinition } from "../engine/table.ts";
import { type Random, seededRandom } from "../random.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";
import { type Clock, epochMs } from "../../../shared/base/time.ts";
import {
  conflict,
  connectionLost,
  drawFault,
  type FaultName,
  type FaultRates,
  internalError,
  throttled,
} from "./faults.ts";
import { History, simulationStartMs } from "./history.ts";
import { AgedReads } from "./aged-reads.ts";
import { Agenda } from "./agenda.ts";

/** How a world behaves; everything else follows from the seed. */
export interface WorldOptions {
  readonly seed: number;
  readonly tables: readonly TableDefinition[];
  readonly rates: FaultRates;
  /** Clocks of processes are off by up to this much, either way. */
  readonly skewMs?: number;
  /** Index entries and stream records come up to this much late. */
  readonly lagMs?: number;
  /** A request's way takes up to this long, one way; now and then ten times that. */
  readonly latencyMs?: number;
  /** How long a process may stand still. */
  readonly pausesMs?: readonly number[];
  /** What a run may cost; more means that something never ends. */
  readonly maxSteps?: number;
  /** What stands before the engine; without it every request is carried out at the instant it arrives. */
  readonly frontage?: (engine: Engine, random: Random) => Frontage;
  /** Neither commits nor history are kept: there are too many of them in a crowd. */
  readonly isForgetful?: boolean;
}

/** Stands between requests and the engine: it may refuse them, and it takes its time. */
export interface Frontage {
  execute(command: Command): Output;
  /** For how long the answer to the request just executed is kept back. */
  takeDelayMs(): number;
  /** How long a request or an answer is on its way, in place of the world's own draw. */
  wayMs(): number;
}

/** How an invocation ended: its process may have died, and then nobody hears anything. */
export type Ending<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "failed"; readonly error: unknown }
  | { readonly kind: "stopped" };

/** What a process is given instead of the real world. */
export interface Surroundings {
  readonly client: { send(command: Command): Promise<never> };
  readonly clock: Clock;
  readonly sleep: (durationMs: number, signal?: AbortSignal) => Promise<void>;
  readonly random: () => number;
  /** What its clock is ahead of the true time. */
  readonly skewMs: number;
  /** How a release of its own carries an operation along. */
  readonly around?: typeof runOperation;
}

/** One request of a client, worked on by one process. */
export interface Invocation {
  readonly id: number;
  readonly label: string;
  /** What its clock is ahead of the true time. */
  readonly skewMs: number;
  readonly startedAtMs: number;
  requests: number;
  isStopped: boolean;
  readonly stop: () => void;
}

/**
 * A crash point: the invocation of this label stops at its n-th request, before or after it; `lost`
 * only loses the answer, and `late` carries it out at some other time than its caller believes.
 */
export interface CrashPoint {
  readonly label: string;
  readonly request: number;
  readonly where: "before" | "after" | "lost" | "late";
}

const plannedFaults = {
  before: "stopBefore",
  after: "stopAfter",
  lost: "lostResponse",
  late: "late",
} as const;

/** Something that waits for its turn: a request that was sent, or the end of a pause. */
export interface HeldStep {
  readonly invocation: Invocation;
  readonly label: string;
  readonly command?: Command | undefined;
  /** The how manieth request of its invocation it is; none for a pause. */
  readonly request?: number;
  /** Its sender does not wait for it any more. */
  readonly isLate?: boolean;
  /** Carries it out and lets its sender go on; false when what it asked for was refused. */
  readonly run: () => boolean;
}

/** Decides in which order the steps of some invocations happen, in place of the time that they take. */
export interface Conductor {
  readonly leads: (invocation: Invocation) => boolean;
  readonly hold: (step: HeldStep) => void;
  /** Does one step; false when nobody waits for a turn. */
  readonly next: () => boolean;
}

/** Longer than any request may take: what is not answered by then counts as lost. */
const invocationMs = 29_000;

const invocations = new AsyncLocalStorage<Invocation>();

/** Lets every promise that can go on do so; processes wait for nothing but simulated requests. */
function settle(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}

/** A write as the world saw it: what changed, when, and by which invocation. */
export interface Commit extends ChangeRecord {
  readonly by: Invocation | undefined;
}

/**
 * A lock around the work is not what was asked for, and it is given back; so are units of a hot item that
 * were reserved for an order which did not come, and moving units between rows changes none.
 */
function isAside({ table, newImage }: Commit): boolean {
  const isNotice = newImage?.["noticeOf"] !== undefined;
  if (table === "Locks" || table === "Owners" || isNotice) return true;
  const { action = "", actor } = (newImage?.["change"] ?? {}) as Record<string, string>;
  // Whoever is in the way of a line helps it on.
  if (actor === "system:line") return true;
  const isMove = /^(stock\.(turning|spread|gathered|cooled)|hold\.reclaimed|uses\.changed)$/.test(
    action,
  );
  const isReserved = newImage?.["item"] !== undefined && /^hold\.(placed|released)$/.test(action);
  return table === "Stock" && (isMove || isReserved);
}

export class World {
  readonly options: WorldOptions;
  readonly random: Random;
  readonly engine: Engine;
  readonly history = new History();
  readonly struck = new Map<FaultName, number>();
  readonly commits: Commit[] = [];
  /** Called after every change of an item, with the database as it is then. */
  readonly observers: ((commit: Commit) => void)[] = [];
  /** Called after every request that changed anything, with the tables it changed: transactions are seen whole. */
  readonly watchers: ((changed: ReadonlySet<string>) => void)[] = [];
  crashPoint: CrashPoint | undefined;
  conductor: Conductor | undefined;
  rates: FaultRates;
  operations = 0;
  requests = 0;
  readonly #frontage: Frontage | undefined;
  readonly #aged: AgedReads | undefined;
  readonly #agenda = new Agenda();
  #nowMs = simulationStartMs;
  #steps = 0;
  #hasWoken = false;
  #invocationCount = 0;
  #executing: Invocation | undefined;
  #failure: unknown;
  #openScripts = 0;

  constructor(options: WorldOptions) {
    this.options = options;
    this.rates = options.rates;
    this.random = seededRandom(options.seed);
    const lag = this.random.fork();
    this.engine = new Engine({
      tables: options.tables,
      nowMs: () => this.#nowMs,
      indexLagMs: () => (options.lagMs ? lag.int(0, options.lagMs) : 0),
      onChange: (change) => {
        const commit = { ...change, by: this.#executing };
        this.#aged?.note(change);
        if (!options.isForgetful) this.commits.push(commit);
        for (const observe of this.observers) observe(commit);
      },
    });
    this.history.isOff = options.isForgetful ?? false;
    this.#frontage = options.frontage?.(this.engine, this.random.fork());
    // Where requests take no time, all is read at one instant.
    const isAged = !options.isForgetful && options.latencyMs !== 0;
    this.#aged = isAged ? new AgedReads(options.tables, seededRandom(options.seed)) : undefined;
  }

  /** The true time. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** The surroundings of a new process, with a clock of its own. */
  process(): Surroundings {
    const { skewMs: most = 0 } = this.options;
    const skewMs = most > 0 ? this.random.int(-most, most) : 0;
    const random = this.random.fork();
    return {
      skewMs,
      client: { send: (command) => this.#send(command) as Promise<never> },
      clock: () => epochMs(Math.floor(this.#nowMs) + skewMs),
      sleep: (durationMs, signal) => this.sleep(durationMs, signal),
      random: () => random.next(),
    };
  }

  /** Virtual sleep; never shorter than a millisecond, so that time goes on. An abort ends it early. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void> {
    const conductor = signal ? undefined : this.#conductorOf(invocations.getStore());
    return conductor ? this.#sleepLed(conductor, durationMs) : this.#sleepAlone(durationMs, signal);
  }

  #conductorOf(invocation: Invocation | undefined): Conductor | undefined {
    return invocation && this.conductor?.leads(invocation) ? this.conductor : undefined;
  }

  /** A pause that ends when it is its turn; time is then as late as it has to be. */
  #sleepLed(conductor: Conductor, durationMs: number): Promise<void> {
    const dueMs = this.#nowMs + Math.max(1, durationMs);
    const invocation = invocations.getStore()!;
    return new Promise((resolve) => {
      const run = (): boolean => {
        if (invocation.isStopped) return true;
        this.#nowMs = Math.max(this.#nowMs, dueMs);
        this.#wake(resolve);
        return true;
      };
      conductor.hold({ invocation, label: "pause", run });
    });
  }

  #sleepAlone(durationMs: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      this.after(Math.max(1, durationMs), () => this.#wake(resolve));
      signal?.addEventListener("abort", () => resolve(), { once: true });
      if (signal?.aborted) resolve();
    });
  }

  /** Does something later on. */
  after(durationMs: number, action: () => void): void {
    this.#agenda.add(this.#nowMs + durationMs, action);
  }

  /** Lets a process work on a client's request; its death ends the invocation, not the client. */
  invoke<T>(
    label: string,
    process: Pick<Surroundings, "skewMs" | "clock" | "around">,
    work: () => Promise<T>,
  ): Promise<Ending<T>> {
    return new Promise((resolve) => {
      this.#invocationCount += 1;
      this.operations += 1;
      let isOver = false;
      const end = (ending: Ending<T>): void => {
        if (isOver) return;
        isOver = true;
        this.#wake(() => resolve(ending));
      };
      const invocation: Invocation = {
        id: this.#invocationCount,
        label,
        skewMs: process.skewMs,
        startedAtMs: this.#nowMs,
        requests: 0,
        isStopped: false,
        stop: () => {
          invocation.isStopped = true;
          this.history.note(this.#nowMs, invocation, "stops for ever");
          // Nobody tells the client; it notices when the answer does not come.
          if (this.#conductorOf(invocation)) end({ kind: "stopped" });
          else this.after(this.random.int(1, invocationMs), () => end({ kind: "stopped" }));
        },
      };
      this.history.note(this.#nowMs, invocation, "begins");
      const operation = { meter: newMeter(), deadlineMs: process.clock() + invocationMs };
      void invocations.run(invocation, async () => {
        try {
          const { around = runOperation } = process;
          const value = await runOperation(operation, () => around(operation, work));
          this.history.note(this.#nowMs, invocation, "is done");
          end({ kind: "done", value });
        } catch (error) {
          const { name, code = "", message } = error as Error & { code?: string };
          this.history.note(this.#nowMs, invocation, `fails: ${name} ${code} ${message}`);
          end({ kind: "failed", error: this.#brokenPromise(invocation, code) ?? error });
        }
      });
    });
  }

  /** "Try again" promises that nothing was changed, and clients repeat anything on its word. */
  #brokenPromise(invocation: Invocation, code: string): InvariantBroken | undefined {
    if (code !== "TRY_AGAIN") return undefined;
    const wrote = this.commits.filter((commit) => commit.by === invocation && !isAside(commit));
    if (wrote.length === 0) return undefined;
    return new InvariantBroken("X3", `${invocation.label} wrote something, then said TRY_AGAIN`);
  }

  /** A call to something outside the database, under the same faults as a request to it. */
  outside<T>(label: string, carryOut: () => T): Promise<T> {
    return this.#request(label, undefined, carryOut) as Promise<T>;
  }

  /** Starts a script: a client, an administrator, the weather. Its failure fails the run. */
  script(work: () => Promise<void>): void {
    this.#openScripts += 1;
    // Whoever starts it may die; it goes on.
    invocations
      .exit(work)
      .then(() => {
        this.#openScripts -= 1;
      })
      .catch((error: unknown) => {
        this.#failure ??= error;
      });
  }

  /** Runs until nothing is left to do. */
  async run(): Promise<void> {
    await settle();
    for (;;) {
      if (this.#failure !== undefined) throw this.#failure;
      if (this.conductor?.next()) {
        this.#countStep();
        await settle();
        continue;
      }
      const next = this.#agenda.take();
      if (!next && this.#openScripts > 0) {
        throw new Error("Somebody waits for something that is not simulated");
      }
      if (!next) return;
      this.#countStep();
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      this.#hasWoken = false;
      next.action();
      if (this.#hasWoken) await settle();
    }
  }

  #countStep(): void {
    const { maxSteps = 200_000 } = this.options;
    this.#steps += 1;
    if (this.#steps > maxSteps) throw new Error(`Still not at rest after ${maxSteps} steps`);
  }

  #wake(resolve: () => void): void {
    this.#hasWoken = true;
    resolve();
  }

  #send(command: Command): Promise<Output> {
    const sentAtMs = this.#nowMs;
    return this.#request(command.constructor.name.replace("Command", ""), command, () => {
      const output = (this.#frontage ?? this.engine).execute(command);
      return this.#aged?.age(command, output, sentAtMs, this.#nowMs) ?? output;
    }) as Promise<Output>;
  }

  #latencyMs(): number {
    if (this.#frontage) return this.#frontage.wayMs();
    const { latencyMs = 20 } = this.options;
    if (latencyMs === 0) return 0;
    const most = this.random.chance(0.1) ? latencyMs * 10 : latencyMs;
    return 1 + this.random.next() * most;
  }

  #request(label: string, command: Command | undefined, carryOut: () => unknown): Promise<unknown> {
    const invocation = invocations.getStore();
    if (invocation?.isStopped) return new Promise(() => {});
    this.requests += 1;
    if (invocation) invocation.requests += 1;
    return new Promise((resolve, reject) => {
      const sent: Sent = { label, command, invocation, carryOut, resolve, reject };
      const conductor = this.#conductorOf(invocation);
      if (conductor) this.#hold(conductor, sent, this.#faultFor(sent));
      else this.#dispatch(sent, this.#faultFor(sent));
    });
  }

  #faultFor({ label, command, invocation }: Sent): FaultName | undefined {
    const planned = this.crashPoint;
    if (planned && invocation?.label === planned.label) {
      if (invocation.requests !== planned.request) return undefined;
      this.crashPoint = undefined;
      return plannedFaults[planned.where];
    }
    if (!invocation) return undefined;
    const fault = drawFault(this.random, this.rates);
    const isRead = /^(Get|Query|Scan|BatchGet)/.test(label);
    if (isRead && (fault === "conflict" || fault === "late")) return undefined;
    // Nobody but DynamoDB has conflicts and capacities.
    if (!command && (fault === "conflict" || fault === "throttled")) return undefined;
    return fault;
  }

  /** The request waits for its turn, and its answer is there at once; whoever died has sent it all the same. */
  #hold(conductor: Conductor, sent: Sent, fault: FaultName | undefined): void {
    const { label, command, resolve, reject } = sent;
    const invocation = sent.invocation!;
    const request = invocation.requests;
    if (fault) this.#noteFault(sent, fault);
    if (fault === "stopBefore") {
      invocation.stop();
      return;
    }
    const isLate = fault === "late";
    if (isLate) this.#wake(() => reject(connectionLost()));
    const run = (): boolean => {
      const outcome = this.#carryOut(sent, isLate ? "late " : "");
      if (fault === "stopAfter") invocation.stop();
      const isUnheard = isLate || invocation.isStopped;
      if (!isUnheard && fault === "lostResponse") this.#wake(() => reject(connectionLost()));
      else if (!isUnheard && "error" in outcome) this.#wake(() => reject(outcome.error));
      else if (!isUnheard) this.#wake(() => resolve((outcome as { value: unknown }).value));
      return !("error" in outcome);
    };
    conductor.hold({ invocation, label, command, request, isLate, run });
  }

  #dispatch(sent: Sent, fault: FaultName | undefined): void {
    if (fault) this.struck.set(fault, (this.struck.get(fault) ?? 0) + 1);
    const arrival = this.#latencyMs();
    const answer = (outcome: Outcome, delayMs = 0): void => this.#answer(sent, outcome, delayMs);
    const failing = (error: Error): Outcome => ({ error });
    switch (fault) {
      case "stopBefore":
        sent.invocation?.stop();
        return;
      case "conflict":
        this.after(arrival, () => answer(failing(conflict(sent.command!))));
        return;
      case "throttled":
        this.after(arrival, () => answer(failing(throttled())));
        return;
      case "lostRequest":
        this.#noteFault(sent, fault);
        this.after(arrival, () => answer(failing(connectionLost()), 1_000));
        return;
      case "late":
        this.#noteFault(sent, fault);
        this.after(arrival, () => answer(failing(connectionLost())));
        this.after(arrival + this.random.int(1, 20_000), () => void this.#carryOut(sent, "late "));
        return;
      default:
        this.after(arrival, () => this.#arrive(sent, fault, answer));
    }
  }

  #noteFault({ invocation, label }: Sent, fault: FaultName): void {
    this.history.note(this.#nowMs, invocation, `${label}: ${fault}`);
  }

  #arrive(
    sent: Sent,
    fault: FaultName | undefined,
    answer: (outcome: Outcome, delayMs?: number) => void,
  ): void {
    const { invocation } = sent;
    if (invocation?.isStopped) return;
    const outcome = this.#carryOut(sent, "");
    if (fault === "stopAfter") {
      invocation?.stop();
      return;
    }
    if (fault === "lostResponse") {
      this.#noteFault(sent, fault);
      answer({ error: this.random.chance(0.3) ? internalError() : connectionLost() }, 1_000);
      return;
    }
    const { pausesMs = [500, 5_000, 40_000, 400_000] } = this.options;
    if (fault === "pause") this.#noteFault(sent, fault);
    const keptMs = this.#frontage?.takeDelayMs() ?? 0;
    answer(outcome, keptMs + (fault === "pause" ? this.random.pick(pausesMs) : 0));
  }

  #answer({ invocation, resolve, reject }: Sent, outcome: Outcome, delayMs: number): void {
    this.after(delayMs + this.#latencyMs(), () => {
      if (invocation?.isStopped) return;
      this.#wake(() => ("error" in outcome ? reject(outcome.error) : resolve(outcome.value)));
    });
  }

  /** What was committed from there on is looked at as a whole. */
  #watch(before: number): void {
    if (this.commits.length === before || this.watchers.length === 0) return;
    const changed = new Set(this.commits.slice(before).map(({ table }) => table));
    for (const watch of this.watchers) watch(changed);
  }

  #carryOut(sent: Sent, prefix: string): Outcome {
    const before = this.commits.length;
    this.#executing = sent.invocation;
    try {
      const value = sent.carryOut();
      this.history.request(this.#nowMs, sent.invocation, `${prefix}${sent.label}`, sent.command);
      this.#watch(before);
      return { value };
    } catch (error) {
      const refusal = (error as Error).message;
      this.history.request(
        this.#nowMs,
        sent.invocation,
        `${prefix}${sent.label}`,
        sent.command,
        refusal,
      );
      if (error instanceof InvariantBroken) throw error;
      return { error: error as Error };
    } finally {
      this.#executing = undefined;
    }
  }
}

type Outcome = { readonly value: unknown } | { readonly error: Error };

interface Sent {
  readonly label: string;
  readonly command: Command | undefined;
  readonly invocation: Invocation | undefined;
  readonly carryOut: () => unknown;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/** A promise of the design was broken: this is what all of the simulation looks for. */
export class InvariantBroken extends Error {
  readonly invariant: string;

  constructor(invariant: string, detail: string) {
    super(`${invariant}: ${detail}`);
    this.name = "InvariantBroken";
    this.invariant = invariant;
  }
}
