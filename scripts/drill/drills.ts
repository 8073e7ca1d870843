/** Every drill: one fault each, provoked for real on the local stack. */
import { localPlace } from "../redrive/places.ts";
import { redrive } from "../redrive/redrive.ts";
import type { Drill, Scene } from "./drill.ts";
import { tryRestore } from "./restore-drill.ts";
import { withoutTable } from "./tables.ts";

let count = 0;
const fresh = (word: string): string => `${word}-${(count += 1)}`;

async function createItem({ send }: Scene, quantity = 5): Promise<string> {
  const itemId = fresh("item");
  const price = { amountMinor: 900, currency: "EUR" };
  const body = { itemId, name: "Mug", kind: "Retail", price, quantity };
  const { status } = await send("POST /items", body, "admin");
  if (status !== 201) throw new Error(`an item could not be made: ${status}`);
  return itemId;
}

const times = <T>(many: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: many }, work));

let putBack: (() => Promise<void>) | undefined;

const outage: Drill = {
  name: "outage",
  rings: ["UnmeantErrors", "ApiFailures"],
  entry: "Requests fail",
  async provoke(scene) {
    putBack ??= await withoutTable(scene.holdfast, "Movements");
    await times(4, () => scene.send("GET /inventory/some/movements", undefined, "admin"));
  },
  async mend() {
    await putBack?.();
    putBack = undefined;
  },
};

const functionFails: Drill = {
  name: "function-fails",
  rings: ["DocumentsFunctionErrors", "ApiFailures"],
  entry: "A function fails",
  async provoke({ holdfast, send }) {
    holdfast.faults.add({ function: "documents", afterRequests: 1, mode: "before", times: 4 });
    await times(4, () => send(`GET /api/lock/status/${fresh("doc")}`));
  },
  async mend({ holdfast }) {
    holdfast.faults.clear();
  },
};

const ordersFail: Drill = {
  name: "orders-fail",
  rings: ["OrdersBudgetFast"],
  entry: "Orders fail too often",
  async provoke(scene) {
    scene.holdfast.faults.add({ function: "orders", afterRequests: 1, mode: "before", times: 4 });
    const items = [{ itemId: "none", quantity: 1 }];
    const body = { items, paymentMethod: "sandbox" };
    await times(4, () => scene.send("POST /order/me", body));
  },
  async mend({ holdfast }) {
    holdfast.faults.clear();
  },
};

const placeOrder = ({ send }: Scene) =>
  send("POST /order/me", { items: [{ itemId: "none", quantity: 1 }], paymentMethod: "sandbox" });

let release: ReturnType<Scene["holdfast"]["releases"]["run"]> | undefined;

const rollback: Drill = {
  name: "rollback",
  rings: ["OrdersFunctionVersion", "OrdersBudgetFast"],
  entry: "A new version fails",
  async provoke(scene) {
    // A build that looks for orders where there are none.
    release ??= scene.holdfast.releases.run("orders", { ORDERS_TABLE: "none" });
    await times(20, () => placeOrder(scene));
  },
  async mend(scene) {
    const { rang } = await release!;
    release = undefined;
    if (rang.length === 0) throw new Error("the new version was not taken back");
    scene.say(`taken back by ${rang.join(", ")}`);
    const answers = await times(20, () => placeOrder(scene));
    const failed = answers.filter(({ status }) => status >= 500);
    if (failed.length > 0) throw new Error(`${failed.length} of 20 orders still fail`);
  },
};

const webhooksRefused: Drill = {
  name: "webhooks-refused",
  rings: ["BadSignatures"],
  entry: "Webhooks are refused",
  async provoke({ send }) {
    await times(4, () => send("POST /webhooks/sandbox", { forged: true }));
  },
  // Whoever was refused writes nothing: there is nothing to mend but the secret.
  async mend() {},
};

const sweepStopped: Drill = {
  name: "sweep-stopped",
  rings: ["SweepStopped"],
  entry: "The sweep has stopped",
  async provoke({ sweep }) {
    sweep.stop();
  },
  async mend({ send, sweep }) {
    const { status } = await send("POST /admin/locks/cleanup", {}, "admin");
    if (status !== 200) throw new Error(`the sweep by hand answers ${status}`);
    sweep.start();
  },
};

const deadLetters: Drill = {
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
    putBack = undefined;
    const { done, left } = await redrive(localPlace(holdfast.url));
    if (done === 0 || left.length > 0) throw new Error(`${done} redriven, ${left.length} left`);
    say(`${done} batches of changes handed over again`);
  },
};

const restore: Drill = {
  name: "restore",
  rings: [],
  entry: "Bringing tables back",
  async provoke() {},
  mend: ({ holdfast: { dynamoDbEndpoint }, say }) => tryRestore({ dynamoDbEndpoint, say }),
};

/** Every drill, in the order in which `all` runs them. */
export const drills: readonly Drill[] = [
  webhooksRefused,
  outage,
  functionFails,
  ordersFail,
  rollback,
  sweepStopped,
  deadLetters,
  restore,
];
