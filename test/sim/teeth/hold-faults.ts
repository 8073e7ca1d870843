/** Mistakes in holds without orders; only holders meet them. */
import type { PlantedFault } from "./faults.ts";

const store = "shared/holds/hold-set-store.ts";
const ending = "shared/holds/hold-set-ending.ts";
const service = "shared/holds/hold-set-service.ts";

const faults: readonly [name: string, file: string, find: string, replace: string][] = [
  [
    "a set that has ended ends once more",
    store,
    'condition`${at("status")} = ${"held"}`,',
    'condition`${at("status")} <> ${"nothing"}`,',
  ],
  [
    "the same id sets aside anew",
    store,
    'condition: isMissing(at("holdId")),',
    'condition: isMissing(at("change", "nothing")),',
  ],
  [
    "an extension leaves the units where they were",
    ending,
    "const moving = held.map((holding) => extendWrite(holding, expiresAtMs));",
    "const moving = held.map((holding) => extendWrite(holding, set.expiresAtMs));",
  ],
  [
    "what is confirmed is not sold",
    ending,
    "held.map((holding) => confirmWrite(holding))",
    "held.slice(1).map((holding) => confirmWrite(holding))",
  ],
  [
    "a set is let go without its units",
    ending,
    "const returning = held.map((holding) => releaseWrites(holding));",
    "const returning = held.slice(1).map((holding) => releaseWrites(holding));",
  ],
  [
    "a set that is over counts as confirmed",
    ending,
    'if (set.status === "confirmed") return set;',
    'if (set.status === "confirmed" || !isLive(set, clock())) return { ...set, status: "confirmed" };',
  ],
  ["expired units count twice in levels", service, "held: held - over, sold }", "held, sold }"],
];

/** See `faults.ts`. */
export const holdFaults: readonly PlantedFault[] = faults.map(([name, file, find, replace]) => {
  return { name, file, find, replace, workload: "holders" };
});
