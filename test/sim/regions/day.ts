/** A day in a region: people order, pay, cancel, get money back, lock names and fill carts, in an order drawn by a seed. */
import { HoldfastError } from "../../../shared/base/errors.ts";
import type { Order } from "../../../shared/orders/order.ts";
import type { Random } from "../random.ts";
import type { Account } from "./account.ts";
import type { Region, Timer } from "./region.ts";

const items = ["mug", "book", "lamp"] as const;
const people = ["ann", "bob", "cid"] as const;
const locks = ["till", "seat"] as const;
const admin = { userId: "root", isAdmin: true };
const by = (id: string) => ({ id });

/** What somebody was handed out, and may show again. */
export interface Seen {
  readonly fences: Map<string, number>;
  readonly versions: Map<string, number>;
}

const raised = (map: Map<string, number>, name: string, value: number): void =>
  void map.set(name, Math.max(map.get(name) ?? 0, value));

/** Puts ten units of each item on the shelf. */
export async function stockUp({ inventory }: Region): Promise<void> {
  for (const itemId of items) {
    const price = { amountMinor: 1_000, currency: "EUR" };
    const item = { itemId, name: itemId, kind: "Retail", price, quantity: 10 };
    await inventory.create({ ...item, holdPolicy: "counted" }, by("root"));
  }
}

/** Makes the day. */
export function createDay(region: Region, account: Account, random: Random, timer: Timer) {
  const seen: Seen = { fences: new Map(), versions: new Map() };
  let keys = 0;

  async function place(): Promise<void> {
    const userId = random.pick(people);
    const itemId = random.pick(items);
    const second = random.pick(items);
    const lines = [{ itemId, quantity: random.int(1, 3) }];
    if (second !== itemId) lines.push({ itemId: second, quantity: 1 });
    await region.orders.place({
      userId,
      actor: by(userId),
      source: { kind: "items", items: lines },
      paymentMethod: "sandbox",
      idempotencyKey: `key-${(keys += 1)}-${timer.nowMs}`,
    });
  }

  function pick(status: Order["status"]): Order | undefined {
    const orders = region.rowsOf("Orders") as unknown as Order[];
    const some = orders.filter((order) => order.status === status);
    return some.length > 0 ? random.pick(some) : undefined;
  }

  async function pay(): Promise<void> {
    const order = pick("pending");
    if (!order) return;
    const { orderId, userId } = order;
    await region.payments.initiate({ orderId, caller: admin, actor: by(userId) });
    const { body, headers } = account.pay(order, timer.nowMs);
    await region.payments.receive("sandbox", { body, headers });
  }

  async function cancel(): Promise<void> {
    const order = pick("pending");
    if (order)
      await region.cancelling.cancel({
        orderId: order.orderId,
        caller: admin,
        actor: by("root"),
      });
  }

  async function payBack(): Promise<void> {
    const order = pick("paid");
    if (!order) return;
    const wish = {
      orderId: order.orderId,
      caller: admin,
      actor: by("root"),
      reason: "wrong colour",
    };
    await region.payments.refund(wish);
  }

  async function lock(): Promise<void> {
    const [resource, userId] = [random.pick(locks), random.pick(people)];
    const { fence } = await region.locks.acquire({
      resource,
      owner: { userId },
      kind: "custom",
      leaseMs: random.pick([1_000, 60_000]),
      actor: by(userId),
    });
    raised(seen.fences, resource, fence);
  }

  async function edit(): Promise<void> {
    const userId = random.pick(people);
    const at = { userId, sessionId: "s", instance: "default" };
    const { version } = await region.carts.setMetadata(
      { ...at, actor: by(userId) },
      "note",
      `${timer.nowMs}`,
    );
    raised(seen.versions, userId, version);
  }

  const steps = { place, pay, cancel, payBack, lock, edit };
  const weights = { place: 6, pay: 5, cancel: 1, payBack: 1, lock: 2, edit: 2 };

  return {
    seen,
    /** So many steps, each by itself and all of them within some seconds; what is refused is refused. */
    async live(count: number): Promise<void> {
      for (let step = 0; step < count; step += 1) {
        timer.nowMs += random.int(1, 400);
        try {
          await steps[random.weighted(weights)]();
        } catch (error) {
          if (!(error instanceof HoldfastError)) throw error;
        }
        if (random.int(0, 2) > 0) await region.follow();
      }
    },
  };
}
