/** The function's containers, as Lambda keeps them: each serves one request at a time and remembers what it saw. */
import { HoldfastError } from "../../../shared/base/errors.ts";
import {
  currentOperation,
  type Meter,
  newMeter,
  runOperation,
} from "../../../shared/table/operation.ts";
import type { Command } from "../engine/engine.ts";
import type { Surroundings, World } from "../scheduler/world.ts";
import type { ShopSettings } from "../../../shared/shop.ts";
import { createSystem, type System } from "../workloads/system.ts";

/** What one request of a client has cost. */
export interface Effort extends Meter {
  /** Write requests, the refused ones included. */
  attempts: number;
  conflicts: number;
  throttles: number;
}

/** How a request ended: by an error's code, or `FAULT` where the product failed in a way that it does not name. */
export type Served<T> =
  | { readonly value: T; readonly effort: Effort }
  | { readonly error: HoldfastError | undefined; readonly cause: unknown; readonly effort: Effort };

/** What the runtime gives a request at most (functions/runtime/http.ts). */
const longestRequestMs = 28_000;
/** And how long one may meet others. */
const shoppersPatienceMs = 3_000;

interface Capacity {
  readonly CapacityUnits?: number;
}

function unitsIn(output: unknown): number {
  const { ConsumedCapacity = [] } = output as { ConsumedCapacity?: Capacity | Capacity[] };
  return [ConsumedCapacity].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
}

const isRead = (command: Command): boolean =>
  /^(Get|BatchGet|Query|Scan|TransactGet)/.test(command.constructor.name);

function noteRefusal(effort: Effort, error: unknown): void {
  const { name, CancellationReasons = [] } = error as {
    name: string;
    CancellationReasons?: readonly { Code?: string }[];
  };
  const codes = new Set(CancellationReasons.map(({ Code }) => Code));
  if (name === "TransactionConflictException" || codes.has("TransactionConflict")) {
    effort.conflicts += 1;
  } else if (/Throttling|ThroughputExceeded/.test(name) || codes.has("ThrottlingError")) {
    effort.throttles += 1;
  }
}

/** A client that counts in the meter of the operation under way, as the product's own does. */
function metered(client: Surroundings["client"]): Surroundings["client"] {
  return {
    async send(command) {
      const effort = currentOperation()?.meter as Effort | undefined;
      if (!effort) return client.send(command);
      Object.assign(command.input, { ReturnConsumedCapacity: "TOTAL" });
      effort.requests += 1;
      if (!isRead(command)) effort.attempts += 1;
      try {
        const output = await client.send(command);
        if (isRead(command)) effort.readUnits += unitsIn(output);
        else effort.writeUnits += unitsIn(output);
        return output;
      } catch (error) {
        noteRefusal(effort, error);
        throw error;
      }
    },
  };
}

/** The payment providers that a container's clock gives. */
export type ProvidersOf = NonNullable<Parameters<typeof createSystem>[2]>;

/** Makes a system in a process of its own, whose requests are counted. */
function createContainer(world: World, settings: ShopSettings, providersOf: ProvidersOf): System {
  const process = world.process();
  const counted = { ...process, client: metered(process.client) };
  return createSystem({ process: () => counted }, settings, providersOf);
}

/** As many containers as there are requests at once. */
export class Containers {
  readonly #world: World;
  readonly #settings: ShopSettings;
  readonly #providersOf: ProvidersOf;
  readonly #idle: System[] = [];
  #made = 0;

  constructor(world: World, settings: ShopSettings, providersOf: ProvidersOf) {
    this.#world = world;
    this.#settings = settings;
    this.#providersOf = providersOf;
  }

  /** How many there are: the most requests that were under way at once. */
  get count(): number {
    return this.#made;
  }

  /** Serves one request with an idle container, or with a new one. */
  async serve<T>(label: string, work: (system: System) => Promise<T>): Promise<Served<T>> {
    const system = this.#idle.pop() ?? this.#make();
    const effort: Effort = { ...newMeter(), attempts: 0, conflicts: 0, throttles: 0 };
    const nowMs = system.clock();
    const operation = {
      meter: effort,
      deadlineMs: nowMs + longestRequestMs,
      patientUntilMs: nowMs + shoppersPatienceMs,
    };
    const ending = await this.#world.invoke(label, system.process, () =>
      runOperation(operation, () => work(system)),
    );
    this.#idle.push(system);
    if (ending.kind === "done") return { value: ending.value, effort };
    const cause = ending.kind === "failed" ? ending.error : new Error("The container stopped");
    return { error: cause instanceof HoldfastError ? cause : undefined, cause, effort };
  }

  #make(): System {
    this.#made += 1;
    return createContainer(this.#world, this.#settings, this.#providersOf);
  }
}

/** A system whose requests reach the engine at once, unmodelled: to lay out the shop before the doors open. */
export function createBackroom(
  world: World,
  settings: ShopSettings,
  providersOf: ProvidersOf,
): System {
  const client = { send: async (command: Command) => world.engine.execute(command) as never };
  const unmodelled = { process: () => ({ ...world.process(), client }) };
  return createSystem(unmodelled, settings, providersOf);
}
