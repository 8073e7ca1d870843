/** Finds a Java that can run DynamoDB Local (17 or newer) on this machine; installing one is the bootstrap's job. */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../root.ts";

const OLDEST_JAVA = 17;

/** The text that names every way out when there is no Java. The bootstrap prints the same one. */
export const NO_JAVA = [
  "Holdfast needs Java 17 or newer to run DynamoDB Local, and found none. Either",
  "  - install Java 17+ and put it on the PATH (or set JAVA_HOME), or",
  "  - set DYNAMODB_ENDPOINT to a DynamoDB Local that runs elsewhere, e.g. http://localhost:8000",
].join("\n");

function executable(home: string): string {
  return join(home, "bin", process.platform === "win32" ? "java.exe" : "java");
}

/** Runtimes that the bootstrap installed: `.holdfast/jre/jdk-…` (with one more folder on macOS). */
function installedHere(): string[] {
  const folder = join(ROOT, ".holdfast", "jre");
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => [
    executable(join(folder, name)),
    executable(join(folder, name, "Contents", "Home")),
  ]);
}

function isRecentEnough(java: string): boolean {
  const { stderr, status } = spawnSync(java, ["-version"], { encoding: "utf8" });
  const version = /version "(\d+)/u.exec(stderr ?? "");
  return status === 0 && Number(version?.[1] ?? 0) >= OLDEST_JAVA;
}

/**
 * The Java to run: JAVA_HOME's, then the PATH's, then the one installed under `.holdfast/jre`.
 * @throws Error with the ways out when there is none.
 */
export function findJava(): string {
  const home = process.env["JAVA_HOME"];
  const candidates = [...(home ? [executable(home)] : []), "java", ...installedHere()];
  const java = candidates.find((candidate) => isRecentEnough(candidate));
  if (!java) throw new Error(NO_JAVA);
  return java;
}
