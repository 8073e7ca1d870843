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
  // Like beside like: that way they take the least when they are compressed.
  const order = (each: Endpoint): string =>
    `${each.method} ${classifyRepetition(each)} ${each.name}`;
  const rows = endpoints
    .filter(({ outsideClient }) => !outsideClient)
    .toSorted((one, other) => (order(one) < order(other) ? -1 : 1))
    .map((endpoint) => {
      const { name, method, path, queryPath = path } = endpoint;
      const repeat = classifyRepetition(endpoint);
      // What goes without saying is left out: every byte is sent to every page.
      const isSaid = repeat !== (method === "GET" ? "safe" : "no");
      const said = [queryPath, ...(method === "GET" ? [] : [method]), ...(isSaid ? [repeat] : [])];
      return `  ${name}: "${said.join(" ")}",`;
    });
  return `/** Every operation's method and path, made from the contract by \`generate-operations.ts\`; not to be edited. */
import type { OperationName } from "./contract.ts";

/** Whether an operation may be sent again when its answer was lost: never, as it is, or with a key. */
export type Repetition = "no" | "safe" | "key";

// prettier-ignore
/** Path, method (a read where there is none), and whether it may be repeated: reads may, else nothing may that does not say so. */
export const operations: Readonly<Record<OperationName, string>> = {
${rows.join("\n")}
};
`;
}

if (import.meta.main) {
  writeFileSync(join(import.meta.dirname, "operations.ts"), operationsSource());
}
