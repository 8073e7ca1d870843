/** Entries of the package under a project's own TypeScript, in both ways to find modules that know of entries. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { output } from "./packed.ts";

const ways = [
  ["nodenext", "nodenext"],
  ["esnext", "bundler"],
] as const;

/** What the compiler says of a file that imports the entries, each way: nothing where all is well, else it fails. */
export async function compileEntries(
  folder: string,
  entries: readonly string[],
  { skipLibCheck }: { readonly skipLibCheck: "true" | "false" },
): Promise<string[]> {
  const lines = entries.map((entry, at) => `import * as part${at} from "holdfast/${entry}";`);
  const names = entries.map((_, at) => `part${at}`).join(", ");
  writeFileSync(join(folder, "use.ts"), `${lines.join("\n")}\nconsole.log(${names});\n`);
  const told: string[] = [];
  for (const [module, resolution] of ways) {
    const how = ["--module", module, "--moduleResolution", resolution, "--target", "es2022"];
    const options = [...how, "--strict", "--noEmit", "--skipLibCheck", skipLibCheck, "use.ts"];
    told.push(await output(join(folder, "node_modules/.bin/tsc"), options, folder));
  }
  return told;
}
