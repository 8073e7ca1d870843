/** What a drill is, and how one goes: break it, see it ring, follow the runbook, see it end, check the books. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Holdfast, HoldfastOptions } from "../../local/holdfast.ts";

/** The shop that is broken on purpose, and the means to do so. */
export interface Scene {
  readonly holdfast: Holdfast;
  /** Sends a request as an administrator, or as the shopper of that name. */
  send(
    route: string,
    body?: unknown,
    who?: "admin" | (string & {}),
  ): Promise<{ status: number; body: unknown }>;
  /** The sweep's clock, which stands in for the schedule: `stop` is a schedule that does not fire. */
  readonly sweep: { start(): void; stop(): void };
  say(text: string): void;
}

/** A fault that can be provoked, and what the runbook says about it. */
export interface Drill {
  readonly name: string;
  /** The alarms that have to ring; none where a drill is about the way back alone. */
  readonly rings: readonly string[];
  /** The heading in docs/runbook.md that is followed. */
  readonly entry: string;
  /** How DynamoDB behaves in a stack of this drill's own; without it the stack of all others is broken. */
  readonly contention?: HoldfastOptions["contention"];
  /** Its alarms look back over hours: they ring on when all is well, and are waited for by nobody. */
  readonly outlasts?: boolean;
  /** Repeated until it rings. */
  provoke(scene: Scene): Promise<void>;
  /** What the entry says; afterwards everything is as it was. */
  mend(scene: Scene): Promise<void>;
}

/** How long a fault may go unnoticed, and how long an alarm may outlast it, at the drill's speed. */
const mostRingingMs = 90_000;

async function until(
  what: () => string,
  isSo: () => boolean,
  meanwhile: () => Promise<unknown> = async () => {},
): Promise<void> {
  const deadlineMs = Date.now() + mostRingingMs;
  while (!isSo()) {
    if (Date.now() > deadlineMs) throw new Error(`in vain: ${what()}`);
    await meanwhile();
    await sleep(250);
  }
}

function ringing({ holdfast }: Scene): string[] {
  return holdfast.alarms
    .look()
    .filter(({ state, actions }) => state === "ALARM" && actions.length > 0)
    .map(({ name }) => name);
}

/** What an earlier drill has left ringing, as it said. */
const outlasting = new Set<string>();

const disturbing = (scene: Scene): string[] =>
  ringing(scene).filter((name) => !outlasting.has(name));

/** Runs one drill to its end. @throws Error where something does not ring, does not end, or the books are wrong */
export async function runDrill(drill: Drill, scene: Scene): Promise<void> {
  scene.sweep.start();
  await until(
    () => `quiet before (still ${disturbing(scene).join(", ")})`,
    () => disturbing(scene).length === 0,
  );
  // Not all at once: what takes itself back may end one before the other rings.
  const rung = new Set<string>();
  const listen = (): boolean => {
    for (const name of ringing(scene)) rung.add(name);
    return drill.rings.every((name) => rung.has(name));
  };
  await until(
    () => `${drill.rings.join(", ")} ringing (only ${[...rung].join(", ")})`,
    listen,
    () => drill.provoke(scene),
  );
  if (drill.rings.length > 0) scene.say(`rings: ${[...rung].join(", ")}`);
  else await drill.provoke(scene);
  await drill.mend(scene);
  scene.say(`followed "${drill.entry}"`);
  if (drill.outlasts) for (const name of drill.rings) outlasting.add(name);
  await until(
    () => `quiet again (still ${disturbing(scene).join(", ")})`,
    () => disturbing(scene).length === 0,
  );
  const { status, body } = await scene.send("GET /admin/inventory/check", undefined, "admin");
  const { violations } = body as { violations?: unknown[] };
  if (status !== 200 || violations?.length !== 0) {
    throw new Error(`the stock does not add up: ${JSON.stringify(body)}`);
  }
  scene.say("healthy, and the stock adds up");
}
