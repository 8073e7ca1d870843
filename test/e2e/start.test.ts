/** `npm start` as somebody types it: comes up, says how to use it, and leaves nothing behind. */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, describe, expect, test } from "vitest";
import { ROOT } from "../../local/root.ts";
import { isFull } from "../support/effort.ts";
import { blocksOf, readPage } from "../support/docs/blocks.ts";

const started = new Set<ChildProcess>();

afterEach(() => {
  for (const child of started) child.kill("SIGKILL");
  started.clear();
});

interface Start {
  url: string;
  output(): string;
  kill(signal: NodeJS.Signals): void;
  ended: Promise<number | null>;
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const { port } = server.address() as { port: number };
  await new Promise((settle) => server.close(settle));
  return port;
}

function start(port: number, ...parameters: string[]): Start {
  const bootstrap = join(ROOT, "scripts", "bootstrap.mjs");
  const child = spawn(process.execPath, [bootstrap, "start", ...parameters], {
    env: { ...process.env, PORT: String(port) },
    stdio: ["ignore", "pipe", "pipe"],
  });
  started.add(child);
  let output = "";
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding("utf8").on("data", (text: string) => (output += text));
  }
  return {
    url: `http://localhost:${port}`,
    output: () => output,
    kill: (signal) => child.kill(signal),
    ended: new Promise((settle) => child.once("close", settle)),
  };
}

async function status(url: string): Promise<number> {
  return fetch(url).then(
    (response) => response.status,
    () => 0,
  );
}

async function untilReady({ url }: Start): Promise<void> {
  await expect.poll(() => status(`${url}/health`), { timeout: 60_000, interval: 100 }).toBe(200);
}

async function databaseOf({ url }: Start): Promise<string> {
  const response = await fetch(`${url}/_local/tables`);
  return ((await response.json()) as { endpoint: string }).endpoint;
}

/** What a shell says to the block of README.md that has this line, asked of that server. */
async function tryReadme(line: string, { url }: Start): Promise<string> {
  const block = blocksOf(readPage("README.md")).find(({ text }) => text.includes(line));
  const script = block?.text.replaceAll("http://localhost:3000", url) ?? "exit 1";
  return (await promisify(execFile)("bash", ["-c", script])).stdout;
}

// Whoever names a DynamoDB elsewhere may have no Java, and then there is none of ours to look for.
describe.skipIf(process.env["DYNAMODB_ENDPOINT"])("npm start", () => {
  test(
    "comes up, tells how to go on, refuses a second one on its port, and ends with its Java",
    {
      timeout: 180_000,
    },
    async () => {
      const port = await freePort();
      const first = start(port);
      await untilReady(first);
      await expect
        .poll(first.output, { timeout: 20_000 })
        .toMatch(/Holdfast runs at http:\/\/localhost:\d+/u);
      expect(first.output().match(/curl /gu)!.length).toBeGreaterThanOrEqual(4);
      const database = await databaseOf(first);
      expect(await status(database)).not.toBe(0);

      const [alice, bob] = (await tryReadme("acquire alice", first)).trim().split("\n");
      expect(JSON.parse(alice!)).toMatchObject({ success: true, lockInfo: { userId: "alice" } });
      expect(JSON.parse(bob!)).toMatchObject({ lockedBy: "alice", code: "LOCK_HELD" });

      const second = start(port);
      expect(await second.ended).toBe(1);
      expect(second.output()).toMatch(new RegExp(`port ${port} is taken`, "u"));
      expect(await status(`${first.url}/health`)).toBe(200);

      first.kill("SIGTERM");
      expect(await first.ended).toBe(0);
      expect(await status(first.url)).toBe(0);
      expect(await status(database)).toBe(0);
    },
  );

  test.runIf(isFull)("ends with its Java even when it is killed outright", async () => {
    const running = start(await freePort());
    await untilReady(running);
    const database = await databaseOf(running);
    running.kill("SIGKILL");
    await expect.poll(() => status(database), { timeout: 30_000 }).toBe(0);
    expect(await status(running.url)).toBe(0);
  });

  test("keeps its data where it is told to @long", async () => {
    const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
    try {
      const item = {
        itemId: "chair",
        name: "Chair",
        kind: "Retail",
        price: { amountMinor: 4900, currency: "EUR" },
        quantity: 1,
      };
      const first = start(await freePort(), "--data", folder);
      await untilReady(first);
      const token = await fetch(`${first.url}/_local/token?sub=a&groups=admin&as=text`);
      const made = await fetch(`${first.url}/items`, {
        method: "POST",
        headers: { authorization: await token.text(), "content-type": "application/json" },
        body: JSON.stringify(item),
      });
      expect(made.status).toBe(201);
      first.kill("SIGINT");
      expect(await first.ended).toBe(0);

      const second = start(await freePort(), "--data", folder);
      await untilReady(second);
      expect(await (await fetch(`${second.url}/items/chair`)).json()).toMatchObject({
        itemId: "chair",
        available: 1,
      });
      second.kill("SIGINT");
      expect(await second.ended).toBe(0);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

test.each([
  ["-c", "nonsense", /-c takes key=value/u],
  ["-c", "holdSecond=5", /holdSeconds/u],
  ["--nonsense", "", /Unknown option '--nonsense'/u],
])("says what is wrong with %s %s @long", async (option, value, message) => {
  const wrong = start(await freePort(), option, value);
  expect(await wrong.ended).toBe(1);
  expect(wrong.output()).toMatch(message);
});
