/** The stack that drills break: started from the template as ever, with an hour of its alarms in a minute. */
import { type Holdfast, type HoldfastOptions, startHoldfast } from "../../local/holdfast.ts";
import type { Scene } from "./drill.ts";

/** At 60 five minutes of an alarm last five seconds. */
const alarmSpeed = 60;
/** A minute of the schedule, at that speed. */
const sweepEveryMs = 60_000 / alarmSpeed;

// An hour is a minute here, but workers start no faster than otherwise. Two runs are soon too few.
const usual = { canary: "10%/60min", reservedForOwners: "2" };

/** A token for each name, made when it is first used. */
function createTokens(holdfast: Holdfast) {
  const tokens = new Map<string, Promise<string>>();
  return (who: string): Promise<string> => {
    const known = tokens.get(who);
    const token = known ?? holdfast.token(`drill-${who}`, who === "admin" ? ["admin"] : []);
    tokens.set(who, token);
    return token;
  };
}

/** Stands in for the schedule, which would come once a minute. */
function createSweep(holdfast: Holdfast): Scene["sweep"] {
  const schedule = holdfast.schedules.all.find(({ name }) => name.startsWith("sweep"))!;
  let timer: NodeJS.Timeout | undefined;
  return {
    start: () => void (timer ??= setInterval(() => void schedule.run(), sweepEveryMs)),
    stop() {
      clearInterval(timer);
      timer = undefined;
    },
  };
}

/** Starts a stack of its own, and gives the scene on it. End it by `close`. */
export async function openScene(
  options: Pick<HoldfastOptions, "signal" | "dynamoDbEndpoint" | "contention">,
): Promise<Scene & { close(): Promise<void> }> {
  const tablePrefix = `drill${process.pid}-${options.contention ? "busy-" : ""}`;
  // In a crowd's own stack nothing is spread by itself: that is what its drill is about.
  const context = options.contention ? { ...usual, autoShards: "0" } : usual;
  const given = { ...options, port: 0, context, alarmSpeed, tablePrefix, playsProviders: true };
  const holdfast = await startHoldfast(given);
  const tokenOf = createTokens(holdfast);
  const sweep = createSweep(holdfast);
  return {
    holdfast,
    sweep,
    async send(route, body, who = "shopper") {
      const [method = "GET", path = "/"] = route.split(" ");
      const answer = await fetch(`${holdfast.url}${path}`, {
        method,
        headers: {
          authorization: `Bearer ${await tokenOf(who)}`,
          "content-type": "application/json",
          "idempotency-key": crypto.randomUUID(),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
      });
      const text = await answer.text();
      const isJson = answer.headers.get("content-type")?.includes("json");
      return { status: answer.status, body: isJson ? (JSON.parse(text) as unknown) : text };
    },
    say: (text) => console.log(`  ${text}`),
    async close() {
      sweep.stop();
      await holdfast.stop();
    },
  };
}
