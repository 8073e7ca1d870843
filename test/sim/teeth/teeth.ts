/** Plants each fault into a copy of the sources and lets the simulation find it. */
import { execFile } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { type PlantedFault, plantedFaults } from "./faults.ts";

const run = promisify(execFile);

/** What became of a fault: which check caught it after how many seeds, or neither. */
export interface Caught {
  readonly fault: PlantedFault;
  readonly invariant?: string;
  readonly message?: string;
  readonly seeds: number;
}

/** What a simulation needs of the project. */
const copied = [
  "shared",
  "infra/lock-shapes.ts",
  "infra/table-shape.ts",
  "infra/table-shapes.ts",
  "test/sim",
  "test/releases/earlier.cjs",
  "local/providers",
];

/** The file with the fault in it; a fault has to fit in exactly one place. */
function planted(source: string, { name, file, find, replace, also = [] }: PlantedFault): string {
  let changed = source;
  for (const change of [{ find, replace }, ...also]) {
    const places = changed.split(change.find).length - 1;
    if (places !== 1) throw new Error(`"${name}" fits in ${places} places of ${file}: renew it`);
    changed = changed.replace(change.find, () => change.replace);
  }
  return changed;
}

/** The faults that no longer fit the sources. */
export function misfits(root: string): string[] {
  return plantedFaults.flatMap((fault) => {
    try {
      planted(readFileSync(join(root, fault.file), "utf8"), fault);
      return [];
    } catch (error) {
      return [(error as Error).message];
    }
  });
}

async function tryFault(
  fault: PlantedFault,
  root: string,
  folder: string,
  most: number,
): Promise<Caught> {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  for (const path of copied) cpSync(join(root, path), join(folder, path), { recursive: true });
  writeFileSync(join(folder, "package.json"), '{ "type": "module" }\n');
  const file = join(folder, fault.file);
  try {
    writeFileSync(file, planted(readFileSync(file, "utf8"), fault));
  } catch (error) {
    return { fault, message: (error as Error).message, seeds: 0 };
  }
  const script = join(folder, "test/sim/teeth/try-fault.ts");
  try {
    const { stdout } = await run(
      process.execPath,
      [script, "1", String(most), ...(fault.workload ? [fault.workload] : [])],
      { cwd: folder },
    );
    return { fault, ...(JSON.parse(stdout) as Omit<Caught, "fault">) };
  } catch (error) {
    // A fault so plain that nothing runs any more is caught too.
    const { stderr = "" } = error as { stderr?: string };
    const message = stderr.split("\n").find((line) => /Error/.test(line)) ?? String(error);
    return { fault, invariant: "crash", message, seeds: 1 };
  }
}

/** Tries all faults, `workers` at a time; each in a copy below `.holdfast`, inside the project. */
export async function tryTeeth(
  root: string,
  options: { readonly most: number; readonly workers: number; readonly only?: RegExp },
  onCaught: (caught: Caught) => void = () => {},
): Promise<Caught[]> {
  const { most, workers, only } = options;
  const waiting = plantedFaults.filter(({ name }) => !only || only.test(name));
  const results: Caught[] = [];
  const work = async (index: number): Promise<void> => {
    const folder = join(root, ".holdfast", `teeth-${process.pid}-${index}`);
    for (let fault = waiting.shift(); fault; fault = waiting.shift()) {
      const caught = await tryFault(fault, root, folder, most);
      results.push(caught);
      onCaught(caught);
    }
    rmSync(folder, { recursive: true, force: true });
  };
  await Promise.all(Array.from({ length: workers }, (_, index) => work(index)));
  const order = new Map(plantedFaults.map((fault, index) => [fault, index]));
  return results.toSorted((one, other) => order.get(one.fault)! - order.get(other.fault)!);
}
