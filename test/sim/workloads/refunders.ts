/** People who pay back: all, a part, what lines were paid with; here or at the bank; and who send what was bought. */
import { nameLines } from "../../../shared/orders/order-line.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { System } from "./system.ts";
import type { Shop } from "./shop.ts";

const actor = { id: "root" };

/** Orders whose money came, whatever became of it. */
function listPaid({ books }: Shop): Order[] {
  return books.orders().filter(({ payment }) => (payment?.capturedMinor ?? 0) > 0);
}

/** Some units of some lines, at times more than there can be. */
function drawLines({ world: { random } }: Shop, order: Order) {
  const lines = [...nameLines(order.lines)].filter(() => random.chance(0.7));
  return lines.map(([lineId, { quantity }]) => {
    return { lineId, quantity: random.int(1, quantity), restock: random.chance(0.6) };
  });
}

/** Any payment there is, whether the shop has heard of it or not, and whatever it did: all of it, or a part. */
function raiseDispute({ world: { random }, bank }: Shop): void {
  const { paymentId, amountMinor } = random.pick(bank.captures);
  const part = random.int(1, Math.max(1, amountMinor));
  bank.raiseDispute(paymentId, random.chance(0.4) ? amountMinor : part);
}

/** One wish to pay something back, sent until somebody answers it, and at times by two at once. */
async function refundOne(shop: Shop, order: Order, reference: string): Promise<void> {
  const { random } = shop.world;
  const { orderId, totalMinor } = order;
  const kind = random.weighted({ part: 5, lines: 5, both: 1, whole: 1, outside: 1, dispute: 3 });
  const lines = kind === "lines" || kind === "both" ? drawLines(shop, order) : [];
  const amountMinor = random.int(1, Math.max(1, Math.ceil(totalMinor / 2)));
  const isPart = ["part", "both", "outside"].includes(kind);
  if (kind === "dispute") return raiseDispute(shop);
  if (kind === "outside") return shop.bank.giveBack(order.payment!.paymentId!, amountMinor);
  const wish = {
    orderId,
    reason: "damaged",
    actor,
    ...(random.chance(0.8) ? { reference } : {}),
    ...(isPart ? { amountMinor } : {}),
    ...(lines.length > 0 ? { lines } : {}),
  };
  const ask = () => shop.processes.insist("refund", ({ payments }) => payments.refund(wish));
  await Promise.all(random.chance(0.3) ? [ask(), ask()] : [ask()]);
}

/** Some of what was bought is sent, and said twice at times. */
async function sendOne(shop: Shop, order: Order, reference: string): Promise<void> {
  const lines = drawLines(shop, order).map(({ lineId, quantity }) => ({ lineId, quantity }));
  if (lines.length === 0) return;
  const sending = { orderId: order.orderId, reference, lines, actor };
  const say = () =>
    shop.processes.insist("fulfil", ({ fulfilments }: System) => fulfilments.add(sending));
  await Promise.all(shop.world.random.chance(0.3) ? [say(), say()] : [say()]);
}

/** Pays back and sends, as long as the shop is open. */
export async function keepRefunding(shop: Shop, name: string): Promise<void> {
  const { random } = shop.world;
  for (let step = 0; step < 8 && shop.isOpen; step += 1) {
    await shop.world.sleep(random.int(1, 60_000));
    const paid = listPaid(shop);
    if (paid.length === 0) continue;
    const order = random.pick(paid);
    const reference = `${name}-${random.int(1, 12)}`;
    if (random.chance(0.25)) await sendOne(shop, order, reference);
    else await refundOne(shop, order, reference);
  }
}
