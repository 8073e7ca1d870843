/** Every two operations that write, on common ground, in every order of their requests; with one fault if wanted. */
import { type Scene, scenes, Stage } from "../crash-points.ts";
import { drawIdsFrom } from "../determinism.ts";
import { seededRandom } from "../random.ts";
import { noFaults } from "../scheduler/faults.ts";
import { type CrashPoint, InvariantBroken, World } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";
import type { Processes } from "../workloads/processes.ts";
import type { System } from "../workloads/system.ts";
import { Explorer, Repetition, type Run } from "./explorer.ts";

/** Who acts in a pair; the first one may meet a fault. */
const actors = ["first", "second"] as const;

/** More than any two of them need. */
const mostAttempts = 12;

/** What came of a pair. */
export interface Explored {
  readonly name: string;
  /** Orders that were run; others lead to the same as one of them. */
  readonly runs: number;
  /** The steps of the longest run. */
  readonly steps: number;
  /** Which requests of the first of the two may change something. */
  readonly writes: readonly number[];
  /** Whether orders are left, because there were more than were allowed. */
  readonly isCut: boolean;
  /** Why the two cannot be there together. */
  readonly apart?: string;
  readonly violation?: string;
}

/** What has to be there for one of them is refused because of the other. */
class Apart extends Error {}

async function prepare(stage: Stage, order: readonly Scene[]): Promise<void> {
  await stage.shop.open();
  try {
    for (const scene of order) await scene.prepare?.(stage);
  } catch (error) {
    if (error instanceof InvariantBroken) throw error;
    throw new Apart((error as Error).message.split("\n")[0]);
  }
}

/** A client who wants an answer, and repeats itself until there is one. */
async function insist(
  processes: Processes,
  label: string,
  work: (system: System) => Promise<unknown>,
): Promise<void> {
  for (let attempt = 1; attempt <= mostAttempts; attempt += 1) {
    const answer = await processes.request(label, work);
    if (answer.kind === "done") return;
    const { code = "" } = answer.kind === "refused" ? answer.error : {};
    if (answer.kind === "refused" && !/TRY_AGAIN|PAYMENT_PROVIDER_ERROR/.test(code)) return;
  }
  throw new InvariantBroken("X3", `${label} is never answered`);
}

/** What a run could not ask the provider for, the next one does: it comes by schedule. */
async function reconcileAgain(stage: Stage, pair: readonly Scene[]): Promise<void> {
  if (!pair.some(({ name }) => name.startsWith("POST /admin/payments/reconcile"))) return;
  await stage.do(({ reconciling }) => reconciling.reconcileOn({ id: "system:schedule" }));
}

/**
 * A receiver that is deleted may miss what was to be told; and who tries a delivery by hand and hears nothing tries it once
 * more, when the line may have gone on.
 */
const isOutOfLine = ({ pair, fault }: Play): boolean =>
  pair.some(
    ({ name }) =>
      name.startsWith("DELETE /admin/webhooks") || (fault && name.endsWith("{deliveryId}/retry")),
  );

/** A pair, and in which order what they need was put there. */
interface Play {
  readonly pair: readonly Scene[];
  readonly isSecondReadied: boolean;
  readonly fault: CrashPoint | undefined;
}

async function play(world: World, plan: Play, run: Run) {
  const { pair, isSecondReadied, fault } = plan;
  const stage = new Stage(world);
  await prepare(stage, isSecondReadied ? pair.toReversed() : pair);
  world.conductor = run;
  world.crashPoint = fault;
  await Promise.all(
    pair.map((scene, index) =>
      insist(stage.shop.start(1), actors[index]!, (system) => scene.subject(stage, system)),
    ),
  );
  world.conductor = undefined;
  world.crashPoint = undefined;
  await reconcileAgain(stage, pair);
  if (!isOutOfLine(plan)) await stage.told.settle(stage.shop.processes);
  await stage.shop.settle();
}

/** A world in which nothing takes time but what is made to. */
function quietWorld(): World {
  drawIdsFrom(seededRandom(1));
  return new World({ seed: 1, tables: simulatedTables, rates: noFaults, latencyMs: 0 });
}

/** Runs a pair in one order; what went wrong, if anything did. */
async function runOnce(plan: Play, run: Run): Promise<Error | undefined> {
  const world = quietWorld();
  world.script(() => play(world, plan, run));
  try {
    await world.run();
    return undefined;
  } catch (error) {
    if (error instanceof Repetition || error instanceof Apart) return error;
    const { message, stack } = error as Error;
    const what = error instanceof InvariantBroken ? message : stack;
    return new Error(`${what}\n\n${world.history.text(120)}`);
  }
}

/** Which requests of the first actor may change something, where nobody else has done anything yet. */
function writesOfFirst({ done }: Run): number[] {
  const others = done.findIndex(({ id }) => !id.startsWith(`${actors[0]}:`));
  const own = others === -1 ? done : done.slice(0, others);
  return own.flatMap(({ held: { label, request } }) =>
    request === undefined || /^(Get|BatchGet|Query|Scan|TransactGet)$/.test(label) ? [] : [request],
  );
}

async function explore(plan: Play, most: number): Promise<Omit<Explored, "name">> {
  const explorer = new Explorer();
  let [runs, steps] = [0, 0];
  let writes: readonly number[] = [];
  for (;;) {
    const run = explorer.conduct(actors);
    const failure = await runOnce(plan, run);
    if (runs === 0) writes = writesOfFirst(run);
    const isRepetition = failure instanceof Repetition;
    runs += isRepetition ? 0 : 1;
    steps = Math.max(steps, run.done.length);
    const told = { runs, steps, writes, isCut: false };
    if (failure instanceof Apart) return { ...told, runs: 0, apart: failure.message };
    if (failure && !isRepetition) return { ...told, violation: failure.message };
    if (!explorer.advance(run)) return told;
    if (runs >= most) return { ...told, isCut: true };
  }
}

/** Explores a pair, in at most so many runs. */
export async function explorePair(
  names: readonly [string, string],
  { most, fault }: { most: number; fault?: CrashPoint },
): Promise<Explored> {
  const pair = names.map((name) => scenes.find((scene) => scene.name === name)!);
  const name = names.join(" × ") + (fault ? `, ${fault.where} request ${fault.request}` : "");
  const told = await explore({ pair, isSecondReadied: false, fault }, most);
  if (told.apart === undefined) return { name, ...told };
  return { name, ...(await explore({ pair, isSecondReadied: true, fault }, most)) };
}

/**
 * What the first one may meet: it dies behind a request that may change something, hears no answer to it, or it is late. Dying
 * before a request is dying behind the one before, and whose question is lost asks it again.
 */
export function faultsOf({ writes }: Explored): CrashPoint[] {
  return writes.flatMap((request) =>
    (["after", "lost", "late"] as const).map((where) => ({ label: actors[0], request, where })),
  );
}
