/** The project's tables for the simulated engine, made from the same shapes as the stack's. */
import { type TableName, type TableShape, tableShapes } from "../../infra/table-shapes.ts";
import type { TableDefinition } from "./engine/table.ts";

function definitionOf([name, shape]: readonly [string, TableShape]): TableDefinition {
  const { partition, sort, indexes = {}, stream, ttl } = shape;
  return {
    name,
    partition,
    ...(sort ? { sort } : {}),
    indexes: Object.entries(indexes).map(([index, keys]) => ({ name: index, ...keys })),
    ...(ttl ? { ttlAttribute: "ttlSeconds" } : {}),
    hasStream: stream,
  };
}

/** Every table of the stack, under its short name. */
export const simulatedTables: readonly TableDefinition[] =
  Object.entries(tableShapes).map(definitionOf);

/** Where each table is: under its logical name. */
export const simulatedTableNames = Object.fromEntries(
  Object.keys(tableShapes).map((name) => [name, name]),
) as Readonly<Record<TableName, string>>;
