/** What runs without a request: sweeps that do not come or come too late, and changes that cannot be told on. */
import { redrive } from "../redrive/redrive.ts";
import { localPlace } from "../redrive/places.ts";
import type { Drill, Scene } from "./drill.ts";
import { createItem, fresh, mustSend, placeOrder } from "./shopping.ts";
import { changeRow, withoutTable } from "./tables.ts";

/** As the runbook says: `POST /admin/locks/cleanup`. */
const sweepByHand = (scene: Scene) => mustSend(scene, "POST /admin/locks/cleanup", {}, "admin");

const sweepStopped: Drill = {
  name: "sweep-stopped",
  rings: ["SweepStopped"],
  entry: "The sweep has stopped",
  async provoke({ sweep }) {
    sweep.stop();
  },
  async mend(scene) {
    await sweepByHand(scene);
    scene.sweep.start();
  },
};

const sweepLate: Drill = {
  name: "sweep-late",
  rings: ["SweepLag"],
  entry: "The sweep is late",
  // An order as it stands when no sweep has come to it for eleven minutes.
  async provoke(scene) {
    const { orderId } = await placeOrder(scene);
    const atMs = Date.now() - 660_000;
    await changeRow(scene.holdfast, "Orders", { orderId }, { expiresAtMs: atMs, dueAtMs: atMs });
  },
  async mend(scene) {
    await sweepByHand(scene);
  },
};

const sweepDeadLetters: Drill = {
  name: "sweep-dead-letters",
  rings: ["SweepDeadLetters"],
  entry: "Dead letters of sweep",
  async provoke({ holdfast, sweep }) {
    if (holdfast.faults.list().length > 0) return;
    sweep.stop();
    holdfast.faults.add({ function: "cleanup", afterRequests: 1, mode: "before", times: 3 });
    await holdfast.schedules.all.find(({ name }) => name.startsWith("sweep"))!.run();
  },
  async mend(scene) {
    const { faults, queues } = scene.holdfast;
    faults.clear();
    await sweepByHand(scene);
    scene.sweep.start();
    const queue = queues.names().find((name) => /sweep/i.test(name))!;
    scene.say(`${queues.take(queue, 10).length} dead letter emptied away`);
  },
};

/** Takes and gives back the lock on a document: two changes. */
async function change({ send }: Scene): Promise<void> {
  const docId = fresh("doc");
  await send("POST /api/lock/acquire", { docId });
  await send("POST /api/lock/release", { docId });
}

const streamBehind: Drill = {
  name: "stream-behind",
  rings: ["StreamBehind"],
  entry: "The streams are behind",
  // Each batch takes six seconds, six minutes at this speed; what comes meanwhile waits.
  async provoke(scene) {
    const slow = { function: "changes", afterRequests: 1, mode: "delay", delayMs: 6_000 } as const;
    if (scene.holdfast.faults.list().length === 0) {
      scene.holdfast.faults.add({ ...slow, times: 100 });
    }
    await change(scene);
  },
  async mend({ holdfast }) {
    holdfast.faults.clear();
  },
};

function deadLetters(): Drill {
  let putBack: (() => Promise<void>) | undefined;
  return {
    name: "dead-letters",
    rings: ["ChangesDeadLetters"],
    entry: "Dead letters of changes",
    async provoke(scene) {
      if (putBack) return;
      putBack = await withoutTable(scene.holdfast, "Audit");
      await createItem(scene);
      await scene.send("POST /api/lock/acquire", { docId: fresh("doc") });
    },
    async mend({ holdfast, say }) {
      await putBack?.();
      const { done, left } = await redrive(localPlace(holdfast.url));
      if (done === 0 || left.length > 0) throw new Error(`${done} redriven, ${left.length} left`);
      say(`${done} batches of changes handed over again`);
    },
  };
}

/** The drills of jobs. */
export const jobDrills: readonly Drill[] = [
  sweepStopped,
  sweepLate,
  sweepDeadLetters,
  streamBehind,
  deadLetters(),
];
