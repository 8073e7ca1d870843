/** Finds a Java that can run DynamoDB Local (17 or newer), or fetches one into `.holdfast/jre`. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { SCRATCH } from "../root.ts";

const OLDEST_JAVA = 17;

/** The release that is fetched: the newest with long support that DynamoDB Local was tried on. */
const FETCHED_JAVA = 21;

/** Where njre fetches from; asked first, since njre itself waits long for a network that is not there. */
const JAVA_SOURCE = "https://api.adoptium.net/v3/info/available_releases";

const NO_JAVA = `Holdfast needs Java ${OLDEST_JAVA} or newer to run DynamoDB Local. There is none on this machine, and
none could be fetched from adoptium.net. Either
  - install Java ${OLDEST_JAVA}+ and put it on the PATH (or set JAVA_HOME), or
  - set DYNAMODB_ENDPOINT to a DynamoDB Local that runs elsewhere, e.g. http://localhost:8000`;

function executable(home: string): string {
  return join(home, "bin", process.platform === "win32" ? "java.exe" : "java");
}

/** What njre unpacked: `.holdfast/jre/jdk-…`, with one more folder on macOS. */
function fetchedBefore(): string[] {
  const folder = join(SCRATCH, "jre");
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

/** The Java to run: JAVA_HOME's, then the PATH's, then the one that was fetched; undefined when there is none. */
function findJava(): string | undefined {
  const home = process.env["JAVA_HOME"];
  const candidates = [...(home ? [executable(home)] : []), "java", ...fetchedBefore()];
  return candidates.find((candidate) => isRecentEnough(candidate));
}

async function fetchJava(signal?: AbortSignal): Promise<void> {
  const limit = AbortSignal.timeout(10_000);
  // Node's fetch knows no proxies and njre does: behind one, only njre can tell.
  if (!process.env["HTTPS_PROXY"] && !process.env["https_proxy"]) {
    await fetch(JAVA_SOURCE, { signal: signal ? AbortSignal.any([limit, signal]) : limit });
  }
  const { install } = (await import("njre")).default;
  mkdirSync(SCRATCH, { recursive: true });
  // njre unpacks into a folder `jre` beside the path that it is given.
  await install(FETCHED_JAVA, { installPath: join(SCRATCH, "here") });
}

/**
 * Makes sure that there is a Java, fetching one if need be, and gives its path.
 * @throws Error that names every way out when there is none and none can be fetched.
 */
export async function ensureJava(
  report: (text: string) => void = () => {},
  signal?: AbortSignal,
): Promise<string> {
  const found = findJava();
  if (found) return found;
  report(`there is no Java ${OLDEST_JAVA}+ here: fetching one into .holdfast/jre, once`);
  try {
    await fetchJava(signal);
  } catch (error) {
    signal?.throwIfAborted();
    throw new Error(NO_JAVA, { cause: error });
  }
  const java = findJava();
  if (!java) throw new Error(NO_JAVA);
  return java;
}
