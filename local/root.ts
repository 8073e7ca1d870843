/** Names the project's folder, from which every other path of the local runner is built. */
import { join } from "node:path";

/** The folder with package.json. */
export const ROOT = join(import.meta.dirname, "..");

/** What the runner makes and may throw away: assemblies, a Java runtime. Not in version control. */
export const SCRATCH = join(ROOT, ".holdfast");
