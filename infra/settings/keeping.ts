/** How data is kept and brought back: copies elsewhere, and restored tables in place of the stack's own. */
import { type TableName, type TableShape, tableNames, tableShapes } from "../table-shapes.ts";
import type { ContextReader } from "./context-reader.ts";
import { definitions } from "./definitions.ts";

/** A table that was restored beside the stack's own. */
export interface RestoredTable {
  readonly tableName: string;
  /** The end of its stream's ARN, an instant; absent where the table has no stream. */
  readonly streamLabel?: string;
}

/** What a deployment can choose of how its data is kept. */
export interface Keeping {
  readonly backups: boolean;
  /** The vault, of another account or region, that each daily copy is copied to. */
  readonly backupCopyTo?: string;
  /** Tables that are used instead of the stack's own, which stay as they are. */
  readonly restoredTables: Readonly<Partial<Record<TableName, RestoredTable>>>;
}

function parseRestored(entry: string): readonly [name: string, table: RestoredTable] {
  const [, name = "", tableName = "", streamLabel] = /^(\w+)=([^@]+)(?:@(.+))?$/.exec(entry) ?? [];
  return [name, { tableName, ...(streamLabel !== undefined && { streamLabel }) }];
}

/** What is wrong with a restored table, in words; its stream would otherwise be missed only at the first change. */
function findProblem(name: string, { streamLabel }: RestoredTable): string | undefined {
  if (!tableNames.some((known) => known === name)) {
    return `restoredTables knows no table ${name}; there are ${tableNames.join(", ")}`;
  }
  const { stream }: TableShape = tableShapes[name as TableName];
  if (stream === (streamLabel !== undefined)) return undefined;
  return stream
    ? `restoredTables needs the stream of ${name}: ${name}=NAME@LABEL`
    : `restoredTables must not name a stream of ${name}, which has none`;
}

function readRestored(read: ContextReader): Keeping["restoredTables"] {
  const entries = read.list("restoredTables", definitions.restoredTables);
  const tables = entries.filter(definitions.restoredTables.fits).map(parseRestored);
  for (const [name, table] of tables) {
    const problem = findProblem(name, table);
    if (problem !== undefined) read.problems.push(problem);
  }
  const names = tables.map(([name]) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) read.problems.push(`restoredTables names ${twice} twice`);
  return Object.fromEntries(tables);
}

/** Reads these settings; what is wrong with them is in the reader's `problems`. */
export function readKeeping(read: ContextReader): Keeping {
  const backups = read.choice("backups", definitions.backups) === "on";
  const backupCopyTo = read.text("backupCopyTo", definitions.backupCopyTo);
  if (backupCopyTo !== undefined && !backups) {
    read.problems.push("backupCopyTo copies daily copies: it needs backups=on");
  }
  const copy = backupCopyTo === undefined ? {} : { backupCopyTo };
  return { backups, ...copy, restoredTables: readRestored(read) };
}
