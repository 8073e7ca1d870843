/** Several returns of one order: the ledger has each of them once, however often the stream tells it. */
import { expect, test } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import { makeSandboxTransactionId, signSandboxEvent } from "../../../shared/providers/sandbox.ts";
import type { Row } from "../../../shared/table/write.ts";
import { Engine } from "../../sim/engine/engine.ts";
import type { ChangeRecord } from "../../sim/engine/table.ts";
import { simulatedTables } from "../../sim/tables.ts";
import { createSystem, defaultSettings } from "../../sim/workloads/system.ts";

const nowMs = epochMs(Date.UTC(2026, 0, 1));
const webhookSecret = Buffer.from("simulated secret").toString("base64");

function openShop() {
  const changes: ChangeRecord[] = [];
  const onChange = (change: ChangeRecord) => void changes.push(structuredClone(change));
  const engine = new Engine({ tables: simulatedTables, nowMs: () => nowMs, onChange });
  const client = { send: async (command: never) => engine.execute(command) };
  const surroundings = { client, clock: () => nowMs, sleep: async () => {}, random: Math.random };
  const system = createSystem({ process: () => surroundings } as never, defaultSettings);

  /** The stream tells everything that changed in stock, all of it twice. */
  async function follow(): Promise<void> {
    const told = changes.splice(0).filter(({ table }) => table === "Stock");
    for (const { key, oldImage, newImage, sequence } of [...told, ...told]) {
      await system.orderMovements.record({
        eventId: String(sequence),
        sequence: String(sequence),
        key: key as never,
        ...(oldImage ? { before: oldImage as Row } : {}),
        ...(newImage ? { after: newImage as Row } : {}),
        atMs: nowMs,
        byTtl: false,
      });
    }
  }
  return { system, follow };
}

test("three returns of one order are three entries, and what is left sold is what they say", async () => {
  const { system, follow } = openShop();
  const actor = { id: "root" };
  const price = { amountMinor: 1_000, currency: "EUR" };
  const item = { itemId: "chair", name: "Chair", kind: "Retail", price, quantity: 5 };
  await system.inventory.create({ ...item, holdPolicy: "counted" }, actor);
  const { order } = await system.orders.place({
    userId: "alice",
    actor: { id: "alice" },
    source: { kind: "items", items: [{ itemId: "chair", quantity: 4 }] },
    paymentMethod: "sandbox",
  });
  const { orderId, totalMinor: amountMinor } = order;
  const transactionId = makeSandboxTransactionId(orderId);
  const caller = { userId: "alice", isAdmin: false };
  await system.payments.initiate({ orderId, caller, actor: { id: "alice" } });
  const data = { orderId, transactionId, paymentId: "pay_1", amountMinor, currency: "EUR" };
  const message = { id: "msg_1", at: new Date(nowMs) };
  const event = { type: "payment.captured", data } as const;
  const { body, headers } = signSandboxEvent({ webhookSecret }, event, message);
  await system.payments.receive("sandbox", { body: Buffer.from(body), headers });
  await follow();
  const giveBack = (reference: string, quantity: number, restock = true) => {
    const lines = [{ lineId: "chair", quantity, restock }];
    return system.payments.refund({ orderId, reason: "scratched", reference, lines, actor });
  };
  await giveBack("r1", 1);
  await giveBack("r2", 2);
  // Said twice it is one return; what is not to go back into stock is none of the ledger's.
  await giveBack("r2", 2);
  await giveBack("r3", 1, false);
  await follow();
  const { rows } = await system.inventory.movements("chair", { limit: 20 });
  const ofOrder = rows.filter(({ reference }) => reference === orderId);
  expect(ofOrder.map(({ kind, quantity }) => `${kind} ${quantity}`).toSorted()).toEqual([
    "returned 1",
    "returned 2",
    "sold 4",
  ]);
  expect(await system.inventory.get("chair")).toMatchObject({ available: 4, sold: 1 });
});
