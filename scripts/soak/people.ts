/** Those who use the shop meanwhile: shoppers with carts and cards, and people who edit the same documents. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Desk } from "../../local/providers/desk.ts";
import type { Send } from "./caller.ts";
import type { Tally } from "./tally.ts";

/** What they meet in. */
export interface Town {
  readonly tally: Tally;
  readonly desk: Desk;
  readonly itemIds: readonly string[];
  readonly docIds: readonly string[];
  readonly isOpen: () => boolean;
}

const pick = <T>(all: readonly T[]): T => all[Math.floor(Math.random() * all.length)]!;
const chance = (probability: number): boolean => Math.random() < probability;
const aWhile = (mostMs: number): Promise<void> => sleep(Math.random() * mostMs);

interface Placed {
  readonly orderId: string;
  readonly totalMinor: number;
}

async function order(send: Send, { tally, itemIds }: Town): Promise<Placed | undefined> {
  const key = crypto.randomUUID();
  const items = [{ itemId: pick(itemIds), quantity: 1 + Math.floor(Math.random() * 3) }];
  const paymentMethod = pick(["sandbox", "stripe"]);
  const fromCart = chance(0.5);
  if (fromCart) await send("POST /carts/me/soak/main/items", items[0]);
  const body = fromCart ? { paymentMethod, sessionId: "soak" } : { paymentMethod, items };
  const wish = fromCart ? { ...body, instances: ["main"] } : body;
  // A second click comes at the same time.
  const clicks = chance(0.1) ? 2 : 1;
  const answers = await Promise.all(
    Array.from({ length: clicks }, () => send("POST /order/me", wish, key)),
  );
  for (const { status, body: placed } of answers) {
    if (status === 200 || status === 201) tally.orderPlaced(key, placed);
    else tally.count(status === 0 || status >= 500 ? "unanswered" : "refused");
  }
  const placed = answers.find(({ status }) => status === 200 || status === 201);
  return placed?.body as Placed | undefined;
}

/** The card is charged, or is not; what the provider tells may get lost. */
async function pay(send: Send, { tally, desk }: Town, { orderId }: Placed): Promise<void> {
  const { status, body } = await send("POST /payments/initiate", { orderId });
  if (status !== 200) return;
  const outcome = chance(0.8) ? "success" : "failure";
  if (body.provider === "sandbox") {
    await send("POST /sandbox/pay", { transactionId: body.transactionId, outcome });
  } else {
    const [payment] = desk.list(orderId);
    const action = outcome === "success" ? "pay" : "fail";
    if (!payment?.actions.includes(action)) return;
    await desk.act(payment.provider, payment.id, { action, isLost: chance(0.3) });
  }
  tally.count(outcome === "success" ? "charges" : "failed cards");
}

/** One shopper, until the shop closes. */
export async function shop(send: Send, town: Town): Promise<void> {
  while (town.isOpen()) {
    await aWhile(800);
    const placed = await order(send, town);
    if (!placed) continue;
    await aWhile(500);
    if (chance(0.15)) {
      const { status } = await send(`POST /orders/${placed.orderId}/cancel`);
      if (status === 200) town.tally.count("cancellations");
    }
    // Some pay what they have just cancelled, and some never.
    if (chance(0.8)) await pay(send, town, placed);
  }
}

/** One who edits documents that others want, until the shop closes. */
export async function edit(send: Send, { tally, docIds, isOpen }: Town): Promise<void> {
  while (isOpen()) {
    await aWhile(1_500);
    const docId = pick(docIds);
    const taken = await send("POST /api/lock/acquire", { docId });
    if (taken.status !== 200) continue;
    const { fence } = taken.body.lockInfo;
    await aWhile(chance(0.1) ? 4_000 : 300);
    const save = crypto.randomUUID();
    const saved = await send(`PUT /api/documents/${docId}`, { content: { save }, fence }, save);
    if (saved.status === 200) tally.documentSaved(docId, saved.body.version, save);
  }
}
