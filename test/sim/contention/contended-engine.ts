/** Puts the contention model in front of the simulated engine: the same requests, refused and delayed as by it. */
import {
  ProvisionedThroughputExceededException,
  ThrottlingException,
  TransactionConflictException,
  TransactionInProgressException,
} from "@aws-sdk/client-dynamodb";
import type { Image } from "../../../local/contention/charges.ts";
import {
  ContentionModel,
  type Entry,
  type Outcome,
  type Reason,
} from "../../../local/contention/contention.ts";
import {
  type ContendedTable,
  type FindTable,
  type Footprint,
  parseFootprint,
  type Touch,
} from "../../../local/contention/footprint.ts";
import {
  type Batch,
  listCancellations,
  refusalTexts,
  splitBatch,
} from "../../../local/contention/refusals.ts";
import type { ContentionSettings } from "../../../local/contention/settings.ts";
import type { Command, Engine, Output } from "../engine/engine.ts";
import { transactionCancelled } from "../engine/errors.ts";
import type { TableDefinition } from "../engine/table.ts";
import { type Item, sizeOfItem } from "../engine/values.ts";
import type { Random } from "../random.ts";
import type { Frontage } from "../scheduler/world.ts";

const metadata = { httpStatusCode: 400, attempts: 1 };

/** What the SDK's client throws for a refusal; an on-demand table throttles with ThrottlingException. */
function refusalOf({ form }: Footprint, reasons: readonly Reason[]): Error {
  if (form === "transaction") {
    return transactionCancelled(listCancellations(reasons));
  }
  if (reasons.includes("conflict")) {
    return new TransactionConflictException({
      message: refusalTexts.conflict,
      $metadata: metadata,
    });
  }
  if (form === "batch") {
    const message = refusalTexts.throttledBatch;
    return new ProvisionedThroughputExceededException({ message, $metadata: metadata });
  }
  return new ThrottlingException({ message: refusalTexts.throttled, $metadata: metadata });
}

function contendedTable({ name, partition, sort, indexes = [] }: TableDefinition): ContendedTable {
  return {
    name,
    partition: partition.name,
    ...(sort ? { sort: sort.name } : {}),
    indexes: indexes.map((index) => ({
      name: index.name,
      partition: index.partition.name,
      ...(index.sort ? { sort: index.sort.name } : {}),
      holdsAll: index.projection === "ALL",
    })),
  };
}

/** The positions that refused a transaction or a write, from the error that the engine threw. */
function failedIn(error: unknown, touches: readonly Touch[]): number[] {
  const { CancellationReasons } = error as {
    CancellationReasons?: readonly { Code?: string }[];
  };
  if (!CancellationReasons) return touches.map((_touch, index) => index);
  return CancellationReasons.flatMap(({ Code }, index) => (Code === "None" ? [] : [index]));
}

/** The modelled service. */
export class ContendedEngine implements Frontage {
  readonly model: ContentionModel;
  readonly #engine: Engine;
  readonly #find: FindTable;
  /** Images are asked for before and after each request; the larger an item, the dearer its size. */
  readonly #images = new WeakMap<Item, Image>();
  #delayMs = 0;

  constructor(engine: Engine, settings: ContentionSettings, random: Random) {
    this.#engine = engine;
    this.model = new ContentionModel(settings, () => random.next());
    const tables = new Map(
      [...engine.tables()].map(({ definition }) => [definition.name, contendedTable(definition)]),
    );
    this.#find = (name) => tables.get(name);
  }

  wayMs(): number {
    return this.model.wayMs();
  }

  takeDelayMs(): number {
    const delayMs = this.#delayMs;
    this.#delayMs = 0;
    return delayMs;
  }

  execute(command: Command): Output {
    this.#delayMs = 0;
    const operation = command.constructor.name.replace("Command", "");
    const footprint = parseFootprint(operation, command.input, this.#find);
    if (!footprint) return this.#engine.execute(command);
    const before = footprint.touches.map((touch) => this.#imageOf(touch));
    const entry = this.model.enter(footprint, before, this.#engine.nowMs());
    if (entry.kind === "admitted") return this.#carryOut(command, footprint, entry);
    this.#delayMs = entry.tookMs;
    if (entry.kind === "refused") throw refusalOf(footprint, entry.reasons);
    throw new TransactionInProgressException({
      Message: refusalTexts.inProgress,
      message: refusalTexts.inProgress,
      $metadata: metadata,
    });
  }

  #carryOut(
    command: Command,
    footprint: Footprint,
    { reasons, visit }: Extract<Entry, { kind: "admitted" }>,
  ): Output {
    const leave = (failed: readonly number[], readUnits?: number): void => {
      const after = footprint.touches.map((touch) => this.#imageOf(touch));
      const outcome: Outcome = { failed, after, ...(readUnits === undefined ? {} : { readUnits }) };
      this.#delayMs = visit.leave(outcome, this.#engine.nowMs());
    };
    try {
      const output =
        footprint.form === "batch"
          ? this.#executeBatch(command, reasons)
          : this.#engine.execute(withCapacity(command));
      const { ConsumedCapacity } = output as { ConsumedCapacity?: { CapacityUnits?: number } };
      leave([], ConsumedCapacity?.CapacityUnits);
      return output;
    } catch (error) {
      leave(failedIn(error, footprint.touches));
      throw error;
    }
  }

  #executeBatch(command: Command, reasons: readonly Reason[]): Output {
    if (reasons.every((reason) => reason === undefined)) return this.#engine.execute(command);
    const input = command.input as { RequestItems: Batch };
    const { admitted, left } = splitBatch(
      input.RequestItems,
      (position) => reasons[position] === undefined,
    );
    const narrowed = Object.create(Object.getPrototypeOf(command) as object, {
      input: { value: { ...input, RequestItems: admitted } },
    }) as Command;
    const output = this.#engine.execute(narrowed);
    return "UnprocessedKeys" in output
      ? { ...output, UnprocessedKeys: left }
      : { ...output, UnprocessedItems: left };
  }

  #imageOf({ table, key }: Touch): Image | undefined {
    const item = this.#engine.findTable(table.name)?.get(key as Item);
    if (!item) return undefined;
    const known = this.#images.get(item);
    if (known) return known;
    const image = { bytes: sizeOfItem(item), attributes: item };
    this.#images.set(item, image);
    return image;
  }
}

/** Queries and scans are charged by what they say that they have consumed. */
function withCapacity(command: Command): Command {
  Object.assign(command.input, { ReturnConsumedCapacity: "TOTAL" });
  return command;
}

/** Switches the model on in a world (`WorldOptions.frontage`), and hands it over to be asked for its counts. */
export function contentionWith(settings: ContentionSettings) {
  const made: { current?: ContendedEngine } = {};
  return {
    frontage: (engine: Engine, random: Random): Frontage => {
      made.current = new ContendedEngine(engine, settings, random);
      return made.current;
    },
    /** The model, once the world is made. */
    get model(): ContentionModel {
      if (!made.current) throw new Error("No world was made with this contention");
      return made.current.model;
    },
  };
}
