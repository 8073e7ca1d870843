/** A test's world over the simulated DynamoDB: it can be copied, and its requests can be tampered with. */
import type { Clock } from "../../shared/base/time.ts";
import type { DocumentClient } from "../../shared/table/database.ts";
import { type Command, Engine } from "../sim/engine/engine.ts";
import type { Item } from "../sim/engine/values.ts";
import { simulatedTableNames, simulatedTables } from "../sim/tables.ts";
import { createWorldOver } from "./world.ts";

/** All items of all tables. */
export type Contents = Readonly<Record<string, readonly Item[]>>;

/** A world in memory, with the given contents; `around` may watch, stop or lose each request. */
export function createMemoryWorld(
  clock: Clock,
  contents: Contents = {},
  around: (execute: () => unknown, command: Command) => unknown = (execute) => execute(),
) {
  const engine = new Engine({ tables: simulatedTables, nowMs: clock });
  for (const [name, items] of Object.entries(contents)) {
    const table = engine.table(name);
    for (const item of items) engine.commit(table, table.keyOf(item), undefined, item);
  }
  const send = async (command: Command): Promise<unknown> =>
    around(() => engine.execute(command), command);
  const client = { send } as unknown as DocumentClient;
  const world = createWorldOver({ client, tables: simulatedTableNames, clock });
  return {
    ...world,
    /** Everything as it is now. */
    contents: (): Contents =>
      Object.fromEntries(
        simulatedTables.map(({ name }) => [name, [...engine.table(name).items()]]),
      ),
  };
}

export type MemoryWorld = ReturnType<typeof createMemoryWorld>;
