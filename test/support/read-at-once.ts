/** What importing a bundle reads, before anything in it is called. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";

/** The file itself, and whatever it imports without being asked; what is imported by a call is not among them. */
export function listReadAtOnce(file: string, seen = new Set<string>()): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const imported = readFileSync(file, "utf8").matchAll(/(?:\bfrom|\bimport)\s*"\.\/([^"]+)"/g);
  for (const [, other] of imported) listReadAtOnce(join(dirname(file), other!), seen);
  return [...seen];
}
