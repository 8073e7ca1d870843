/** `redlock` on a Redis that is started for it, on a port of this machine, without a file, and ended with it. */
import { spawn } from "node:child_process";
import { createRequire } from "node:module";
import { setTimeout as pause } from "node:timers/promises";
import { Redis } from "ioredis";

/** What the comparison needs of `redlock`, which has no types. */
interface Redlock {
  lock(name: string, ttlMs: number): Promise<{ unlock(): Promise<void> }>;
}

const Redlock = createRequire(import.meta.url)("redlock") as new (
  clients: readonly Redis[],
  options: object,
) => Redlock;

const port = 16_379;

/** Starts `redis-server` on loopback. @throws Error when it is not there: `apt-get install redis-server` */
export async function startRedis() {
  const options = [
    "--port",
    String(port),
    "--bind",
    "127.0.0.1",
    "--save",
    "",
    "--appendonly",
    "no",
  ];
  const process = spawn("redis-server", options, { stdio: "ignore" });
  const failed = new Promise<never>((_, reject) => process.once("error", reject));
  await Promise.race([failed, pause(500)]);
  const client = new Redis({ port, host: "127.0.0.1" });
  // It tries again until the server is there.
  client.on("error", () => undefined);
  await Promise.race([failed, client.ping()]);
  return {
    client,
    async stop(): Promise<void> {
      await client.quit();
      const ended = new Promise((resolve) => process.once("exit", resolve));
      process.kill();
      await ended;
    },
  };
}

/** A `redlock` as it comes, but that it does not give up; and how many requests it has sent. */
export function newRedlock(client: Redis, retryCount: number) {
  let requests = 0;
  const send = client.sendCommand.bind(client);
  client.sendCommand = (...command: Parameters<typeof send>) => {
    requests += 1;
    return send(...command);
  };
  return { redlock: new Redlock([client], { retryCount }), counted: () => requests };
}
