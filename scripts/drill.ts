/** `npm run drill -- <name>`: breaks the local stack on purpose, sees the stack's own alarms ring, follows the runbook. */
import { ensureJava } from "../local/database/java.ts";
import { type Holdfast, startHoldfast } from "../local/holdfast.ts";
import { onStopRequest } from "../local/stop-request.ts";
import { runDrill, type Scene } from "./drill/drill.ts";
import { drills } from "./drill/drills.ts";

const usage = `npm run drill -- <name>|all

${drills.map(({ name, entry }) => `  ${name.padEnd(18)} ${entry}`).join("\n")}`;

/** At 60 five minutes of an alarm last five seconds. */
const alarmSpeed = 60;
/** A minute of the schedule, at that speed. */
const sweepEveryMs = 60_000 / alarmSpeed;

async function createScene(holdfast: Holdfast): Promise<Scene> {
  const tokens = {
    admin: await holdfast.token("drill-admin", ["admin"]),
    shopper: await holdfast.token("drill-shopper"),
  };
  const schedule = holdfast.schedules.all.find(({ name }) => name.startsWith("sweep"))!;
  let timer: NodeJS.Timeout | undefined;
  return {
    holdfast,
    async send(route, body, who = "shopper") {
      const [method = "GET", path = "/"] = route.split(" ");
      const answer = await fetch(`${holdfast.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${tokens[who]}`,
          "content-type": "application/json",
          "idempotency-key": crypto.randomUUID(),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("json");
      return { status: answer.status, body: isJson ? (JSON.parse(text) as unknown) : text };
    },
    sweep: {
      start: () => void (timer ??= setInterval(() => void schedule.run(), sweepEveryMs)),
      stop() {
        clearInterval(timer);
        timer = undefined;
      },
    },
    say: (text) => console.log(`  ${text}`),
  };
}

async function main(signal: AbortSignal): Promise<number> {
  const [name] = process.argv.slice(2);
  const chosen = name === "all" ? drills : drills.filter((drill) => drill.name === name);
  if (chosen.length === 0) throw new Error(usage);
  const dynamoDbEndpoint = process.env["DYNAMODB_ENDPOINT"];
  if (!dynamoDbEndpoint) await ensureJava((text) => console.log(text), signal);
  // An hour is a minute here, but workers start no faster than otherwise.
  const context = { canary: "10%/60min" };
  const options = {
    port: 0,
    context,
    alarmSpeed,
    signal,
    ...(dynamoDbEndpoint && { dynamoDbEndpoint }),
  };
  const holdfast = await startHoldfast({ ...options, tablePrefix: `drill${process.pid}-` });
  const scene = await createScene(holdfast);
  try {
    for (const drill of chosen) {
      const startedMs = Date.now();
      console.log(`— ${drill.name}`);
      await runDrill(drill, scene);
      console.log(`✓ ${drill.name} (${((Date.now() - startedMs) / 1000).toFixed(0)} s)`);
    }
    return 0;
  } finally {
    scene.sweep.stop();
    await holdfast.stop();
  }
}

const abort = new AbortController();
onStopRequest(() => {
  abort.abort(new Error("stopped"));
  setTimeout(() => process.exit(1), 10_000).unref();
});
try {
  process.exit(await main(abort.signal));
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
}
