/**
 * Keeps the code of functions once for all assemblies that have it, whatever their context: what a worker of one server
 * has compiled, the workers of every other find beside it.
 */
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
} from "node:fs";
import { join } from "node:path";

/** Longer than it takes to put an assembly's links where its code was. */
const YOUNG_MS = 120_000;

/** What an assembly has of code; nothing where somebody throws it away at this moment. */
function listAssets(assembly: string): string[] {
  try {
    return readdirSync(assembly).filter((name) => name.startsWith("asset."));
  } catch {
    return [];
  }
}

/** Another assembly's synthesis may have brought the same code a moment before. */
function moveUnlessThere(from: string, to: string): void {
  try {
    if (!existsSync(to)) renameSync(from, to);
  } catch (error) {
    if (!existsSync(to)) throw error;
  }
  rmSync(from, { recursive: true, force: true });
}

/** Moves the code of a new assembly to where all have it, and leaves links. An asset is named by what is in it. */
export function shareCode(assembly: string, code: string): void {
  mkdirSync(code, { recursive: true });
  for (const name of listAssets(assembly)) {
    const [own, shared] = [join(assembly, name), join(code, name)];
    if (!lstatSync(own).isDirectory()) continue;
    moveUnlessThere(own, shared);
    const now = new Date();
    utimesSync(shared, now, now);
    symlinkSync(shared, own, "junction");
  }
}

/** Whether nobody has thrown the code away that an assembly leads to. */
export function hasItsCode(assembly: string): boolean {
  return listAssets(assembly).every((name) => existsSync(join(assembly, name)));
}

/** Throws away what none of these assemblies leads to, but for what one that is being made may lead to next. */
export function pruneCode(code: string, assemblies: readonly string[]): void {
  const kept = new Set(assemblies.flatMap(listAssets));
  for (const name of readdirSync(code)) {
    const path = join(code, name);
    const { mtimeMs = 0 } = statSync(path, { throwIfNoEntry: false }) ?? {};
    if (kept.has(name) || Date.now() - mtimeMs < YOUNG_MS) continue;
    rmSync(path, { recursive: true, force: true });
  }
}
