/** Requests that fail, are slow or are turned away, and new versions that do so. */
import type { Drill, Scene } from "./drill.ts";
import { fresh, tellSandbox, times } from "./shopping.ts";
import { withoutTable } from "./tables.ts";

function outage(): Drill {
  let putBack: (() => Promise<void>) | undefined;
  return {
    name: "outage",
    rings: ["UnmeantErrors", "ApiFailures"],
    entry: "Requests fail",
    async provoke(scene) {
      putBack ??= await withoutTable(scene.holdfast, "Movements");
      await times(4, () => scene.send("GET /inventory/some/movements", undefined, "admin"));
    },
    async mend() {
      await putBack?.();
    },
  };
}

const askStatus = ({ send }: Scene) => send(`GET /api/lock/status/${fresh("doc")}`);

const functionFails: Drill = {
  name: "function-fails",
  rings: ["DocumentsFunctionErrors", "ApiFailures"],
  entry: "A function fails",
  async provoke(scene) {
    const { faults } = scene.holdfast;
    faults.add({ function: "documents", afterRequests: 1, mode: "before", times: 4 });
    for (let turn = 0; turn < 4; turn += 1) await askStatus(scene);
  },
  async mend({ holdfast }) {
    holdfast.faults.clear();
  },
};

const slow: Drill = {
  name: "slow",
  rings: ["ApiLatency"],
  entry: "Requests are slow",
  // A dependency that takes its time; three fives of minutes in a row.
  async provoke(scene) {
    const delayed = { function: "documents", afterRequests: 1, mode: "delay" } as const;
    scene.holdfast.faults.add({ ...delayed, delayMs: 3_200, times: 2 });
    await times(2, () => askStatus(scene));
  },
  async mend({ holdfast }) {
    holdfast.faults.clear();
  },
};

const throttled: Drill = {
  name: "throttled",
  rings: ["DocumentsFunctionThrottles"],
  entry: "A function is throttled",
  async provoke(scene) {
    await times(20, () => askStatus(scene));
  },
  // The share is as large as it shall be: the burst was not meant, and ends.
  async mend() {},
};

const placeNone = ({ send }: Scene) =>
  send("POST /order/me", { items: [{ itemId: "none", quantity: 1 }], paymentMethod: "sandbox" });

const ordersFail: Drill = {
  name: "orders-fail",
  rings: ["OrdersBudgetFast", "OrdersBudgetSlow"],
  entry: "Orders fail too often",
  async provoke(scene) {
    scene.holdfast.faults.add({ function: "orders", afterRequests: 1, mode: "before", times: 4 });
    await times(4, () => placeNone(scene));
  },
  async mend({ holdfast }) {
    holdfast.faults.clear();
  },
};

const forge = ({ send }: Scene) => send("POST /webhooks/sandbox", { forged: true });

const webhooksFail: Drill = {
  name: "webhooks-fail",
  rings: ["WebhooksBudgetFast", "WebhooksBudgetSlow"],
  entry: "Webhooks fail too often",
  // A genuine webhook is read, and then it is looked up whose it is: there it dies, or where it asks for its keys.
  async provoke(scene) {
    const dies = { function: "payment-webhooks", afterRequests: 1, mode: "before" } as const;
    scene.holdfast.faults.add({ ...dies, times: 4 });
    const told = { orderId: "ord_none", amountMinor: 1, currency: "EUR" };
    await times(4, () => tellSandbox(scene, told));
  },
  async mend({ holdfast }) {
    holdfast.faults.clear();
  },
};

const webhooksRefused: Drill = {
  name: "webhooks-refused",
  rings: ["BadSignatures"],
  entry: "Webhooks are refused",
  async provoke(scene) {
    await times(4, () => forge(scene));
  },
  // Whoever was refused writes nothing: there is nothing to mend but the secret.
  async mend() {},
};

function rollback(): Drill {
  let release: ReturnType<Scene["holdfast"]["releases"]["run"]> | undefined;
  return {
    name: "rollback",
    rings: ["OrdersFunctionVersion", "OrdersBudgetFast"],
    entry: "A new version fails",
    async provoke(scene) {
      // A build that looks for orders where there are none.
      release ??= scene.holdfast.releases.run("orders", { ORDERS_TABLE: "none" });
      await times(20, () => placeNone(scene));
    },
    async mend(scene) {
      const { rang } = await release!;
      if (rang.length === 0) throw new Error("the new version was not taken back");
      scene.say(`taken back by ${rang.join(", ")}`);
      const answers = await times(20, () => placeNone(scene));
      const failed = answers.filter(({ status }) => status >= 500);
      if (failed.length > 0) throw new Error(`${failed.length} of 20 orders still fail`);
    },
  };
}

/** The drills of requests. */
export const requestDrills: readonly Drill[] = [
  webhooksRefused,
  outage(),
  functionFails,
  slow,
  throttled,
  ordersFail,
  webhooksFail,
  rollback(),
];
