/** Faults in what is done to rows of builds that did not note which settlement rows they opened. */
import type { PlantedFault } from "./faults.ts";

const closing = "shared/inventory/hot/closing.ts";
const openings = "shared/inventory/hot/openings-store.ts";
const settlements = "shared/inventory/hot/settlement-store.ts";

const fault = (name: string, file: string, find: string, replace: string): PlantedFault => ({
  name,
  file,
  find,
  replace,
  workload: "edges",
});

/** Each has to be caught. */
export const oldRowFaults: readonly PlantedFault[] = [
  fault(
    "what builds have sold that did not note it is given back",
    openings,
    "if (notesOpenings) return noted;",
    "if (notesOpenings !== false) return noted;",
  ),
  fault(
    "a row is taken for noted while something of builds before is left in it",
    closing,
    "const isEmptied = Object.keys(due).length === closed.length &&",
    "const isEmptied = Object.keys(due).length >= closed.length &&",
  ),
  fault(
    "a row is taken for noted while something of builds before arrives in it",
    closing,
    "=== closed.length && arriving === 0;",
    "=== closed.length && arriving >= 0;",
  ),
  fault(
    "a row of builds before is settled for several instants at once",
    closing,
    "if (!row.notesOpenings) return",
    "if (row.held < 0) return",
  ),
  fault(
    "what nobody has opened cannot be closed in a row of builds before",
    settlements,
    ': anyOf(exists(at("item")), isMissing(at("item"))),',
    ': exists(at("item")),',
  ),
  fault(
    "a row of builds before does not come to the sweep's list",
    closing,
    "...(row === listedRow ? [",
    "...(row < listedRow ? [",
  ),
];
