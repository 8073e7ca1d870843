/** One order whose payment has started at a provider's stand-in, in memory, with the clock in the test's hand. */
import { epochMs } from "../../../shared/base/time.ts";
import { findOrder } from "../../../shared/orders/order-store.ts";
import { findStock } from "../../../shared/inventory/stock-store.ts";
import type { ProviderName } from "../../../shared/providers/provider.ts";
import { createMemoryWorld } from "../memory-world.ts";
import { createPayments, type PaymentsGiven } from "../payments.ts";
import { giveItem } from "../world.ts";
import type { Bench, EventKind } from "./bench.ts";

/** The providers that have an API. */
export const realNames = ["stripe", "razorpay", "wompi", "mercadopago"] as const;

/** Places and starts it; there is one chair. */
export async function startedOrder(
  bench: Bench,
  name: ProviderName,
  given: Pick<PaymentsGiven, "policy"> = {},
) {
  let nowMs = 1_800_000_000_000;
  const clock = () => epochMs(nowMs);
  let requests = 0;
  const world = createMemoryWorld(clock, {}, (execute) => {
    requests += 1;
    return execute();
  });
  await giveItem(world as never, { itemId: "chair", quantity: 1, ...bench.priceOf(name) });
  const shop = createPayments(world, { ...given, providers: bench.providers(clock) });
  const place = (userId: string) => {
    const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
    return shop.orders.place({ userId, actor: { id: userId }, source, paymentMethod: name });
  };
  const userId = `${name}-shopper`;
  const actor = { id: userId };
  const caller = { userId, isAdmin: false };
  const { orderId } = (await place(userId)).order;
  const initiate = () => shop.payments.initiate({ orderId, caller, actor });
  await initiate();
  const read = async () => (await findOrder(world.database, orderId))!;
  return {
    shop,
    world,
    orderId,
    initiate,
    place,
    read,
    stock: async () => (await findStock(world.database, "chair"))!,
    /** The provider's books know of it, but what would have told is lost. */
    happen: async (kind: EventKind) => void bench.delivery(name, await read(), kind, nowMs),
    /** It happens, and the webhook tells of it. */
    tell: async (kind: EventKind) =>
      shop.payments.receive(name, bench.delivery(name, await read(), kind, nowMs)),
    /** How many requests to DynamoDB some work costs. */
    async countRequests(work: () => Promise<unknown>): Promise<number> {
      const before = requests;
      await work();
      return requests - before;
    },
    sweep: () => shop.sweep({ id: "system:sweep" }),
    cancel: () => shop.cancelling.cancel({ orderId, caller, actor }),
    passTime: (durationMs: number) => (nowMs += durationMs),
  };
}
