/** The explorer itself: of programs whose orders can be counted by hand, it runs as many as there are, and misses no fault. */
import { GetCommand, PutCommand } from "@aws-sdk/lib-dynamodb";
import { expect, test } from "vitest";
import { noFaults } from "../scheduler/faults.ts";
import { World } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";
import { Explorer, Repetition } from "./explorer.ts";

type Send = ReturnType<World["process"]>["client"]["send"];
type Program = (send: Send) => Promise<unknown>;

const put = (eventKey: string, value: number) =>
  new PutCommand({ TableName: "Events", Item: { eventKey, value } });
const get = (eventKey: string) => new GetCommand({ TableName: "Events", Key: { eventKey } });

/** Reads a number, and writes it plus one without asking whether it is still the same. */
async function addOne(send: Send): Promise<void> {
  const { Item = { value: 0 } } = (await send(get("sum"))) as { Item?: { value: number } };
  await send(put("sum", Item.value + 1));
}

/** Runs programs in every order; what `look` saw at the end of each run. */
async function exploreAll<T>(programs: readonly Program[], look: (world: World) => T) {
  const explorer = new Explorer();
  const labels = programs.map((_program, index) => `actor-${index}`);
  const seen: T[] = [];
  let repetitions = 0;
  for (;;) {
    const world = new World({ seed: 1, tables: simulatedTables, rates: noFaults, latencyMs: 0 });
    const run = explorer.conduct(labels);
    world.conductor = run;
    for (const [index, program] of programs.entries()) {
      const process = world.process();
      void world.invoke(labels[index]!, process, () => program(process.client.send));
    }
    try {
      await world.run();
      seen.push(look(world));
    } catch (error) {
      if (!(error instanceof Repetition)) throw error;
      repetitions += 1;
    }
    if (!explorer.advance(run)) return { seen, repetitions };
  }
}

const sumOf = (world: World) =>
  world.engine
    .table("Events")
    .items()
    .find(({ eventKey }) => eventKey === "sum")?.["value"];

const writes =
  (...keys: string[]): Program =>
  async (send) => {
    for (const key of keys) await send(put(key, 1));
  };

test.for([
  { what: "nothing in common", programs: [writes("a", "b"), writes("c", "d")], orders: 1 },
  { what: "one item in common", programs: [writes("a", "b"), writes("b", "c")], orders: 2 },
  {
    what: "two writes each of one item",
    programs: [writes("a", "a"), writes("a", "a")],
    orders: 6,
  },
  { what: "three of them", programs: [writes("a"), writes("a"), writes("a")], orders: 6 },
  {
    what: "readers of one item",
    programs: [0, 1, 2].map(() => (send: Send) => send(get("a"))),
    orders: 1,
  },
])("with $what there are $orders orders", async ({ programs, orders }) => {
  const { seen, repetitions } = await exploreAll(programs, () => 0);
  expect(seen).toHaveLength(orders);
  expect(repetitions).toBe(0);
});

test("a lost update is found, and every outcome there is", async () => {
  const { seen } = await exploreAll([addOne, addOne], sumOf);
  expect([...new Set(seen)].toSorted()).toEqual([1, 2]);
  const three = await exploreAll([addOne, addOne, addOne], sumOf);
  expect([...new Set(three.seen)].toSorted()).toEqual([1, 2, 3]);
});

test("requests of one process that are under way together come in either order", async () => {
  const both: Program = (send) => Promise.all([send(put("sum", 1)), send(put("sum", 2))]);
  const { seen } = await exploreAll([both], sumOf);
  expect(seen).toEqual([2, 1]);
});

test("a pause lets the others go on, and ends in any order", async () => {
  let now: World;
  const pausing: Program = async (send) => {
    await now.sleep(10);
    await send(put("sum", 1));
  };
  const programs = [pausing, writes("sum")];
  const explorer = new Explorer();
  let runs = 0;
  for (;;) {
    now = new World({ seed: 1, tables: simulatedTables, rates: noFaults, latencyMs: 0 });
    const run = explorer.conduct(["one", "two"]);
    now.conductor = run;
    for (const [index, label] of ["one", "two"].entries()) {
      const process = now.process();
      void now.invoke(label, process, () => programs[index]!(process.client.send));
    }
    await now.run();
    runs += 1;
    if (!explorer.advance(run)) break;
  }
  expect(runs).toBe(2);
});
