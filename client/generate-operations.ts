/** Writes `operations.ts` from the contract: run `node client/generate-operations.ts` after changing a route. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { z } from "zod";
import type { Endpoint } from "../shared/api/endpoint.ts";
import { endpoints } from "../shared/api/index.ts";
import type { Repetition } from "./operations.ts";

/** Whether a schema has a field of this name. */
function hasField(schema: z.ZodType, name: string): boolean {
  return schema instanceof z.ZodObject && name in schema.shape;
}

/** Whether, and how, sending an operation again after a lost answer is safe. */
function classifyRepetition({ method, headers, body, repeatable }: Endpoint): Repetition {
  // A heartbeat says the same every time: it needs no key, and no row has to remember it.
  if (repeatable) return "safe";
  if (hasField(headers, "idempotency-key")) return "key";
  // Reads change nothing; a `reference` makes a stock movement repeatable. A `PUT` or `DELETE` is only where
  // nobody else edits: sent a second time, it undoes what another tab did in between.
  return method === "GET" || hasField(body, "reference") ? "safe" : "no";
}

/** The text of `operations.ts`; a test compares it with what is there. */
export function operationsSource(): string {
  const rows = endpoints
    .toSorted((one, other) => (one.name < other.name ? -1 : 1))
    .map((endpoint) => {
      const { name, method, path, queryPath = path } = endpoint;
      return `  ${name}: ${JSON.stringify([method, queryPath, classifyRepetition(endpoint)])},`;
    });
  return `/** Every operation's method and path, made from the contract by \`generate-operations.ts\`; not to be edited. */
import type { OperationName } from "./contract.ts";

/** Whether an operation may be sent again when its answer was lost: never, as it is, or with a key. */
export type Repetition = "no" | "safe" | "key";

/** Method, path, and whether it may be repeated. */
export type Operation = readonly [method: string, path: string, repeat: Repetition];

// prettier-ignore
/** Every operation by its name. */
export const operations: Readonly<Record<OperationName, Operation>> = {
${rows.join("\n")}
};
`;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "operations.ts"), operationsSource());
}
