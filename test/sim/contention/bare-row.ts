/** The model alone: how many writes one small row takes in a second, with the product's retries and nothing else. */
import type { ContentionSettings } from "../../../local/contention/settings.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { createDatabase, type DocumentClient } from "../../../shared/table/database.ts";
import { action, condition, pathsOf } from "../../../shared/table/expression.ts";
import { update, type Write } from "../../../shared/table/write.ts";
import { drawIdsFrom } from "../determinism.ts";
import { seededRandom } from "../random.ts";
import { noFaults } from "../scheduler/faults.ts";
import { World } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";
import { contentionWith } from "./contended-engine.ts";

const at = pathsOf<{ readonly left: number }>();

/** Who writes to the row, and how. */
export interface RowLoad {
  readonly writers: number;
  readonly windowMs: number;
  readonly kind: "transaction" | "plain";
  readonly seed: number;
  readonly contention: ContentionSettings;
}

/** What the row took. */
export interface RowRate {
  readonly done: number;
  readonly gaveUp: number;
  readonly perSecond: number;
  readonly attemptsPerWrite: number;
}

/** About 900 bytes, as a stock row has. */
const filling = "x".repeat(850);
/** Any table would do: nothing is stored but this row. */
const key = { documentId: "row" };

function countingWrite(): Write {
  return update({
    table: "Documents",
    key,
    change: { set: [action`${at("left")} = ${at("left")} - ${1}`] },
    condition: condition`${at("left")} >= ${1}`,
    refused: () => new HoldfastError("NONE_LEFT", "Nothing is left"),
  });
}

/** Lets many write to one row at once. */
export async function measureRow(load: RowLoad): Promise<RowRate> {
  const random = seededRandom(load.seed);
  drawIdsFrom(random.fork());
  const contention = contentionWith(load.contention);
  const world = new World({
    seed: load.seed,
    tables: simulatedTables,
    rates: noFaults,
    maxSteps: Infinity,
    isForgetful: true,
    frontage: contention.frontage,
  });
  const row = { ...key, left: 1_000_000_000, filling };
  world.engine.commit(world.engine.table("Documents"), key, undefined, row);
  let [done, gaveUp, lastMs] = [0, 0, 0];
  const startedMs = world.nowMs;
  for (let index = 0; index < load.writers; index += 1) {
    const process = world.process();
    const { clock, sleep, random: draw } = process;
    const client = process.client as unknown as DocumentClient;
    const database = createDatabase({
      client,
      clock,
      sleep,
      random: draw,
      tableName: (name) => name,
    });
    const atMs = random.next() * load.windowMs;
    world.script(async () => {
      await world.sleep(atMs);
      const write = countingWrite();
      const isPlain = load.kind === "plain";
      const work = (): Promise<unknown> =>
        isPlain ? database.apply(write) : database.transact([write]);
      const { kind } = await world.invoke("write", process, work);
      if (kind === "done") done += 1;
      else gaveUp += 1;
      if (kind === "done") lastMs = world.nowMs - startedMs;
    });
  }
  await world.run();
  const { requests } = contention.model.counts();
  return {
    done,
    gaveUp,
    perSecond: done / (lastMs / 1_000),
    attemptsPerWrite: requests / Math.max(1, done),
  };
}
