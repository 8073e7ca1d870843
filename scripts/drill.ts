/** `npm run drill -- <name>`: breaks the local stack on purpose, sees the stack's own alarms ring, follows the runbook. */
import { ensureJava } from "../local/database/java.ts";
import { onStopRequest } from "../local/stop-request.ts";
import { type Drill, runDrill } from "./drill/drill.ts";
import { drills } from "./drill/drills.ts";
import { openScene } from "./drill/scene.ts";

const usage = `npm run drill -- <name>|all, or several names

${drills.map(({ name, entry }) => `  ${name.padEnd(18)} ${entry}`).join("\n")}`;

type Scenes = ReturnType<typeof openScene>;

/** Runs them one after the other, all on one stack but for those that need one of their own. */
async function runAll(chosen: readonly Drill[], open: (given?: Drill) => Scenes): Promise<void> {
  let shared: Scenes | undefined;
  try {
    for (const drill of chosen) {
      const startedMs = Date.now();
      console.log(`— ${drill.name}`);
      const own = drill.contention && (await open(drill));
      try {
        await runDrill(drill, own ?? (await (shared ??= open())));
      } finally {
        await own?.close();
      }
      console.log(`✓ ${drill.name} (${((Date.now() - startedMs) / 1000).toFixed(0)} s)`);
    }
  } finally {
    await (await shared)?.close();
  }
}

async function main(signal: AbortSignal): Promise<void> {
  const names = process.argv.slice(2);
  const chosen = drills.filter(({ name }) => names.includes(name) || names.includes("all"));
  const known = new Set(["all", ...drills.map(({ name }) => name)]);
  if (names.length === 0 || names.some((name) => !known.has(name))) throw new Error(usage);
  const dynamoDbEndpoint = process.env["DYNAMODB_ENDPOINT"];
  if (!dynamoDbEndpoint) await ensureJava((text) => console.log(text), signal);
  await runAll(chosen, (drill) =>
    openScene({ signal, dynamoDbEndpoint, contention: drill?.contention }),
  );
}

const abort = new AbortController();
onStopRequest(() => {
  abort.abort(new Error("stopped"));
  setTimeout(() => process.exit(1), 10_000).unref();
});
try {
  await main(abort.signal);
  process.exit(0);
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
