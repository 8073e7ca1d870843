/** What an order of one line costs while many others hold units of the same item: counted, not timed. */
import { drawIdsFrom } from "../determinism.ts";
import { sizeOfItem } from "../engine/values.ts";
import { seededRandom } from "../random.ts";
import { noFaults } from "../scheduler/faults.ts";
import { World } from "../scheduler/world.ts";
import { simulatedTables } from "../tables.ts";
import { Bank } from "../workloads/bank.ts";
import { defaultSettings, type System } from "../workloads/system.ts";
import { Containers, createBackroom, type ProvidersOf, type Served } from "./containers.ts";

/** One step of an order: what it cost, or the code that it was refused with. */
export interface StepCost {
  readonly requests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
  readonly refusal?: string;
}

/** The costs at so many other orders pending. */
export interface OrderCosts {
  /** Orders that really hold units; fewer than asked for where the product takes no more. */
  readonly others: number;
  readonly asked: number;
  readonly place: StepCost;
  readonly start?: StepCost;
  readonly pay?: StepCost;
  readonly cancel?: StepCost;
  /** `GET /items/{itemId}`, as anybody's page asks for it. */
  readonly readItem: StepCost;
  /** The largest row of the item. */
  readonly rowBytes: number;
}

const itemId = "chair";
const hour = 3_600_000;
const settings = { ...defaultSettings, holdMs: hour, paymentMs: () => hour, maxHoldMs: 2 * hour };

function costOf(served: Served<unknown>): StepCost {
  const { requests, writeUnits, readUnits } = served.effort;
  const cost = { requests, writeUnits, readUnits };
  if ("value" in served) return cost;
  return { ...cost, refusal: served.error?.code ?? String(served.cause) };
}

const requestOf = (userId: string) => ({
  userId,
  actor: { id: userId },
  source: { kind: "items", items: [{ itemId, quantity: 1 }] } as const,
  paymentMethod: "sandbox" as const,
  idempotencyKey: "order",
});

/** Other shoppers' pending orders, as many as the product takes. */
async function fill(system: System, others: number): Promise<number> {
  for (let placed = 0; placed < others; placed += 1) {
    try {
      await system.orders.place(requestOf(`other-shopper-${String(placed).padStart(4, "0")}`));
    } catch {
      return placed;
    }
  }
  return others;
}

async function measure(world: World, asked: number): Promise<OrderCosts> {
  const bank = new Bank(world);
  const providersOf: ProvidersOf = (clock) => ({ sandbox: bank.provider(clock) });
  const backroom = createBackroom(world, settings, providersOf);
  const containers = new Containers(world, settings, providersOf);
  const price = { amountMinor: 4_900, currency: "EUR" };
  const item = { itemId, name: "Chair", kind: "Retail", price, quantity: 1_000_000 };
  await backroom.inventory.create({ ...item, holdPolicy: "counted" }, { id: "admin" });
  const others = await fill(backroom, asked);
  const placed = await containers.serve("place", ({ orders }) => orders.place(requestOf("one")));
  const facts = async () => ({
    others,
    asked,
    place: costOf(placed),
    readItem: costOf(await containers.serve("read", ({ inventory }) => inventory.look(itemId))),
    rowBytes: Math.max(...world.engine.table("Stock").items().map(sizeOfItem)),
  });
  if (!("value" in placed)) return facts();
  const { orderId, totalMinor: amountMinor, currency } = placed.value.order;
  const caller = { userId: "one", isAdmin: false };
  const actor = { id: "one" };
  const started = await containers.serve("start", ({ payments }) =>
    payments.initiate({ orderId, caller, actor }),
  );
  if (!("value" in started)) return { ...(await facts()), start: costOf(started) };
  const { transactionId } = started.value;
  const event = bank.pay({ orderId, transactionId, amountMinor, currency }, true);
  const { body, headers } = bank.signed(event);
  const message = { body: Buffer.from(body), headers };
  const paid = await containers.serve("pay", ({ payments }) =>
    payments.receive("sandbox", message),
  );
  const second = await containers.serve("second", ({ orders }) => orders.place(requestOf("two")));
  const cancelled = await containers.serve("cancel", ({ orders }) => {
    if (!("value" in second)) throw new Error("The second order was refused");
    const { orderId: id } = second.value.order;
    return orders.cancel(id, { userId: "two", isAdmin: false }, { id: "two" });
  });
  const rest = { start: costOf(started), pay: costOf(paid), cancel: costOf(cancelled) };
  return { ...(await facts()), ...rest };
}

/** Counts what each step of an order costs while `others` orders of the same item are pending. */
export async function measureOrderCosts(others: number): Promise<OrderCosts> {
  const random = seededRandom(1);
  drawIdsFrom(random.fork());
  const world = new World({
    seed: 1,
    tables: simulatedTables,
    rates: noFaults,
    latencyMs: 0,
    maxSteps: Infinity,
    isForgetful: true,
  });
  const made: { costs?: OrderCosts } = {};
  world.script(async () => {
    made.costs = await measure(world, others);
  });
  await world.run();
  return made.costs!;
}
