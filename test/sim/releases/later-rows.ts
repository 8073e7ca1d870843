/**
 * The release after this one, as far as this one meets it: while this one is at work it gives rows a layout of its own, and in
 * the end they have the known one again, as after its next deployment.
 */
import type { SimulatedTable } from "../engine/table.ts";
import type { Item } from "../engine/values.ts";
import { type Commit, InvariantBroken, type World } from "../scheduler/world.ts";

/** A layout that no release has yet. */
const laterLayout = 1_000;

/** What the later release does. */
export interface LaterPlan {
  /** Whose rows are laid out anew; those of all tables where none is named. */
  readonly table: string | undefined;
  /** At which request of this release, just before it is carried out. */
  readonly atRequest: number;
}

/** Gives every row another version; no stream tells of it, and no index shows it. */
function relay(table: SimulatedTable, change: (item: Item) => Item): void {
  for (const item of table.items()) table.write(table.keyOf(item), change(item), () => 0);
}

/** R1: what a later release has laid out is changed by nobody who does not know how. Rows of `Live` are hints. */
function checkUntouched({ table, key, oldImage, isTtlDeletion, by }: Commit): void {
  if (oldImage?.["schemaVersion"] !== laterLayout || isTtlDeletion || table === "Live") return;
  const row = `${table} ${JSON.stringify(key)}`;
  throw new InvariantBroken("R1", `${by?.label} wrote over a later release's row: ${row}`);
}

/**
 * Does something while a later release lays rows out anew.
 *
 * @throws InvariantBroken when one of those rows is changed meanwhile
 */
export async function besideLater(
  world: World,
  { table: only, atRequest }: LaterPlan,
  work: () => Promise<void>,
): Promise<void> {
  const { engine } = world;
  const tables = [...engine.tables()].filter(({ definition: { name } }) => name === (only ?? name));
  const before = new Map<Item, Item>();
  world.observers.push(checkUntouched);
  const execute = engine.execute.bind(engine);
  let requests = 0;
  engine.execute = (command) => {
    requests += 1;
    if (requests === atRequest) {
      for (const table of tables) {
        relay(table, (item) => {
          const later = { ...item, schemaVersion: laterLayout };
          before.set(later, item);
          return later;
        });
      }
    }
    return execute(command);
  };
  await work();
  engine.execute = execute;
  for (const table of tables) relay(table, (item) => before.get(item) ?? item);
}
