/** What drills do in the shop: items, orders and payments, each under a name of its own. */
import type { DeskPayment } from "../../local/providers/desk.ts";
import { type SandboxEvent, signSandboxEvent } from "../../shared/providers/sandbox.ts";
import type { Scene } from "./drill.ts";

let count = 0;

/** A name that nothing else has. */
export const fresh = (word: string): string => `${word}-${(count += 1)}`;

/** Does the same thing so often at once. */
export const times = <T>(many: number, work: () => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: many }, work));

/** Sends a request that has to succeed. @throws Error with the answer where it did not */
export async function mustSend(
  { send }: Scene,
  ...request: Parameters<Scene["send"]>
): Promise<Record<string, unknown>> {
  const { status, body } = await send(...request);
  if (status < 200 || status > 299) {
    throw new Error(`${request[0]} answers ${status}: ${JSON.stringify(body)}`);
  }
  return body as Record<string, unknown>;
}

/** What is priced in which currency: each provider takes its own. */
const prices = {
  sandbox: { amountMinor: 900, currency: "EUR" },
  stripe: { amountMinor: 4_900, currency: "EUR" },
  razorpay: { amountMinor: 4_900, currency: "INR" },
  wompi: { amountMinor: 490_000, currency: "COP" },
} as const;

/** A way to pay that drills use. */
export type PaidBy = keyof typeof prices;

/** Makes an item, to be paid by this provider. */
export async function createItem(
  scene: Scene,
  method: PaidBy = "sandbox",
  quantity = 5,
): Promise<string> {
  const itemId = fresh("item");
  const price = prices[method];
  await mustSend(
    scene,
    "POST /items",
    { itemId, name: "Mug", kind: "Retail", price, quantity },
    "admin",
  );
  return itemId;
}

/** An order of a shopper's whose payment may begin. */
export interface DrillOrder {
  readonly orderId: string;
  readonly shopper: string;
}

/** Places an order for one unit, by a shopper who has no other. */
export async function placeOrder(scene: Scene, method: PaidBy = "sandbox"): Promise<DrillOrder> {
  const items = [{ itemId: await createItem(scene, method), quantity: 1 }];
  const shopper = fresh("shopper");
  const order = await mustSend(scene, "POST /order/me", { items, paymentMethod: method }, shopper);
  return { orderId: String(order["orderId"]), shopper };
}

/** The payments of an order at its provider. */
const listPayments = ({ holdfast }: Scene, orderId: string): DeskPayment[] =>
  holdfast.desk!.list(orderId);

/** An order and its payment at a provider. */
export interface PaymentOrder extends DrillOrder {
  readonly payment: DeskPayment;
}

/** Places an order and begins its payment; nobody has opened the provider's page yet. */
export async function startPayment(scene: Scene, method: PaidBy): Promise<PaymentOrder> {
  const order = await placeOrder(scene, method);
  const { orderId } = order;
  await mustSend(scene, "POST /payments/initiate", { orderId }, order.shopper);
  const [payment] = listPayments(scene, orderId);
  if (!payment) throw new Error(`${method} has no payment of ${orderId}`);
  return { ...order, payment };
}

/** Makes something happen at the provider of a payment, which tells the shop of it unless that gets lost. */
export async function happen(
  { holdfast }: Scene,
  { provider, id }: Pick<DeskPayment, "provider" | "id">,
  happening: Parameters<NonNullable<Scene["holdfast"]["desk"]>["act"]>[2],
): Promise<void> {
  await holdfast.desk!.act(provider, id, happening);
}

/** An order that is paid. */
export async function payOrder(scene: Scene, method: PaidBy): Promise<PaymentOrder> {
  const order = await startPayment(scene, method);
  await happen(scene, order.payment, { action: "pay" });
  return order;
}

/** Waits until an administrator sees the order in this status. */
export async function seeStatus(
  scene: Scene,
  orderId: string,
  wanted: string,
): Promise<Record<string, unknown>> {
  for (let tries = 0; ; tries += 1) {
    const order = await mustSend(scene, `GET /orders/${orderId}`, undefined, "admin");
    if (order["status"] === wanted) return order;
    if (tries === 80) throw new Error(`${orderId} is ${String(order["status"])}, not ${wanted}`);
    await new Promise((settle) => setTimeout(settle, 250));
  }
}

/** Tells the shop something by a genuine webhook of the sandbox, and says what it answers. */
export async function tellSandbox(
  { holdfast }: Scene,
  data: Readonly<Record<string, unknown>>,
): Promise<number> {
  const secrets = holdfast.secrets.list();
  const name = Object.keys(secrets).find((each) => /sandbox/i.test(each))!;
  const keys = JSON.parse(secrets[name]!.current) as Record<string, string>;
  const transactionId = `sbx_${String(data["orderId"])}`;
  const told = { transactionId, paymentId: transactionId, ...data };
  const event = { type: "payment.captured", data: told } as unknown as SandboxEvent;
  const { body, headers } = signSandboxEvent(keys, event, { id: fresh("event"), at: new Date() });
  const url = `${holdfast.url}/webhooks/sandbox`;
  return (await fetch(url, { method: "POST", headers, body })).status;
}

/** The same, to be taken: what is not taken is sent again for days. */
export async function mustTellSandbox(...told: Parameters<typeof tellSandbox>): Promise<void> {
  const status = await tellSandbox(...told);
  if (status !== 200) throw new Error(`a webhook of the sandbox is answered by ${status}`);
}
