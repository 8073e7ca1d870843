/** A process that dies at any request to DynamoDB or to a provider, and everything tried once more. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { epochMs } from "../../../shared/base/time.ts";
import type { Stock } from "../../../shared/inventory/stock.ts";
import type { Order } from "../../../shared/orders/order.ts";
import { type Contents, createMemoryWorld } from "../../support/memory-world.ts";
import { createPayments } from "../../support/payments.ts";
import { type Bench, startBench } from "../../support/providers/bench.ts";
import { effort } from "../../support/effort.ts";
import { giveItem, paymentMs, unitsOf, wholeHoldMs } from "../../support/world.ts";

type Name = "stripe" | "razorpay" | "wompi";
const names = (["stripe", "razorpay", "wompi"] as const).slice(0, effort({ part: 1, all: 3 }));
const sweeper = { id: "system:sweep" };

let bench: Bench;
beforeAll(async () => {
  bench = await startBench();
});
afterAll(() => bench.stop());

/** Dies at the n-th request, before it takes effect or after; never, when there are fewer. */
interface Death {
  readonly at: number;
  readonly when: "before" | "after";
}

/** One shop with one order, living through several processes. */
class Story {
  readonly name: Name;
  readonly user: string;
  contents: Contents = {};
  nowMs = 1_800_000_000_000;
  deaths = 0;

  constructor(name: Name, serial: number) {
    this.name = name;
    this.user = `shopper-${name}-${serial}`;
  }

  get order(): Order {
    return this.contents["Orders"]!.find(({ userId }) => userId === this.user) as unknown as Order;
  }

  /** Runs some work in a process of its own; whatever it had in memory is gone afterwards. */
  async live(
    work: (life: ReturnType<Story["open"]>) => Promise<unknown>,
    death?: Death,
  ): Promise<"lived" | "died"> {
    let requests = 0;
    let isDead = false;
    const dying = Promise.withResolvers<"died">();
    const diesNow = (): boolean => {
      requests += 1;
      if (requests !== death?.at) return isDead;
      isDead = true;
      setImmediate(() => dying.resolve("died"));
      return true;
    };
    const never = new Promise<never>(() => {});
    const life = this.open((execute) => {
      if (!diesNow()) return execute();
      if (requests === death?.at && death.when === "after") execute();
      return never;
    });
    for (const side of [bench.stripe, bench.razorpay, bench.wompi]) {
      side.faultFor = () => {
        if (!diesNow()) return undefined;
        return requests === death?.at && death.when === "after" ? "hangAfter" : "hang";
      };
    }
    const ended = await Promise.race([
      work(life).then(
        () => "lived" as const,
        (error: Error & { code?: string }) => {
          // A refusal is an end like any other; a fault is not.
          if (!error.code) throw error;
          return "lived" as const;
        },
      ),
      dying.promise,
    ]);
    if (ended === "died") {
      this.deaths += 1;
      // What the request does at the provider is done before anything else happens.
      await new Promise((resolve) => setTimeout(resolve, 3));
    }
    this.contents = life.world.contents();
    return ended;
  }

  open(around: (execute: () => unknown) => unknown) {
    const clock = () => epochMs(this.nowMs);
    const world = createMemoryWorld(clock, this.contents, around);
    const providers = bench.providers(clock);
    const { payments, sweep, orders } = createPayments(world, { providers });
    return { world: { ...world, orders }, payments, sweep };
  }

  async place(userId = this.user): Promise<void> {
    await this.live(({ world }) => {
      const source = { kind: "items", items: [{ itemId: "chair", quantity: 1 }] } as const;
      const actor = { id: userId };
      return world.orders.place({ userId, actor, source, paymentMethod: this.name });
    });
  }

  async begin(): Promise<void> {
    await this.live(({ world }) => {
      const price = bench.priceOf(this.name);
      return giveItem(world as never, { itemId: "chair", quantity: 1, ...price });
    });
    await this.place();
  }

  readonly initiate = ({ payments }: ReturnType<Story["open"]>) => {
    const caller = { userId: this.user, isAdmin: false };
    const { orderId } = this.order;
    return payments.initiate({ orderId, caller, actor: { id: this.user } });
  };

  readonly hook = ({ payments }: ReturnType<Story["open"]>) =>
    payments.receive(this.name, bench.delivery(this.name, this.order, "captured", this.nowMs));

  readonly verify = ({ payments }: ReturnType<Story["open"]>) => {
    const { orderId } = this.order;
    const returned = bench.returned(this.name, this.order, "captured");
    const caller = { userId: this.user, isAdmin: false };
    const claim = { orderId, provider: this.name, returned };
    return payments.verify({ ...claim, caller, actor: { id: this.user } });
  };

  readonly refund = ({ payments }: ReturnType<Story["open"]>) =>
    payments.refund({ orderId: this.order.orderId, reason: "damaged", actor: { id: "root" } });

  readonly refundPart = ({ payments }: ReturnType<Story["open"]>) =>
    payments.refund({
      orderId: this.order.orderId,
      reason: "a scratch",
      amountMinor: 300,
      actor: { id: "root" },
    });

  readonly sweep = ({ sweep }: ReturnType<Story["open"]>) => sweep(sweeper);

  /** What the provider has paid back for this order. */
  countRefunds(): number {
    const { transactionId = "" } = this.order.payment ?? {};
    if (this.name === "stripe") {
      return bench.stripe.refunds.filter((each) => each.payment_intent === transactionId).length;
    }
    if (this.name === "razorpay") {
      const paymentId = `pay_${transactionId}`;
      return bench.razorpay.refunds.filter((each) => each.payment_id === paymentId).length;
    }
    return bench.wompi.transactions.get(`1-${transactionId}`)?.status === "VOIDED" ? 1 : 0;
  }

  /** Some minutes later, whatever was left to do has been done. */
  async settleDown(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      this.nowMs += 3_600_000;
      await this.live(this.sweep);
    }
  }

  /** How it ended, and whatever is wrong with that. */
  outcome(): string {
    const stock = this.contents["Stock"]![0] as unknown as Stock;
    const { status, dueAtMs } = this.order;
    const wrongs = [
      unitsOf(stock) === stock.received ? "" : "units appeared or disappeared",
      (stock.sold === 1) === (status === "paid") ? "" : `${stock.sold} sold`,
      dueAtMs === undefined ? "" : "still due",
      this.deaths <= 1 ? "" : "died twice",
    ];
    return [status, `${this.countRefunds()} paid back`, ...wrongs.filter(Boolean)].join(", ");
  }
}

let serial = 0;
let crashes = 0;

/**
 * Tells a story with a death at every request of one of its steps, until that step has no more. All
 * the different ways in which it ended when everything left to do was done.
 */
async function atEveryRequest(
  name: Name,
  tell: (story: Story, death: Death) => Promise<"lived" | "died">,
): Promise<string[]> {
  const outcomes = new Set<string>();
  for (const when of ["before", "after"] as const) {
    for (let at = 1; ; at += 1) {
      serial += 1;
      const story = new Story(name, serial);
      const ended = await tell(story, { at, when });
      await story.settleDown();
      outcomes.add(story.outcome());
      if (ended === "lived") break;
      crashes += 1;
    }
  }
  return [...outcomes];
}

const paid = ["paid, 0 paid back"];
const paidBack = ["refunded, 1 paid back"];

/** The captured money of an order that was given up finds its unit with somebody else. */
async function loseTheUnit(story: Story): Promise<void> {
  story.nowMs += 2 * paymentMs + wholeHoldMs;
  await story.place(`rival-${serial}`);
}

describe.each(names)("%s: a process that dies at any request", (name) => {
  it("of starting a payment: the repetition starts it, and the order can be paid @long", async () => {
    const outcomes = await atEveryRequest(name, async (story, death) => {
      await story.begin();
      const ended = await story.live(story.initiate, death);
      await story.live(story.initiate);
      const { transactionId } = story.order.payment!;
      await story.live(story.initiate);
      expect(story.order.payment!.transactionId).toBe(transactionId);
      await story.live(story.hook);
      return ended;
    });
    expect(outcomes).toEqual(paid);
  });

  it("of a webhook: the provider sends it again, and it has one effect", async () => {
    const outcomes = await atEveryRequest(name, async (story, death) => {
      await story.begin();
      await story.live(story.initiate);
      const ended = await story.live(story.hook, death);
      await story.live(story.hook);
      return ended;
    });
    expect(outcomes).toEqual(paid);
  });

  it("of a webhook about late money: it is paid back once", async () => {
    const outcomes = await atEveryRequest(name, async (story, death) => {
      await story.begin();
      await story.live(story.initiate);
      await loseTheUnit(story);
      const ended = await story.live(story.hook, death);
      await story.live(story.hook);
      return ended;
    });
    expect(outcomes).toEqual(paidBack);
  });

  it("of the browser's verification: the webhook finishes it", async () => {
    const outcomes = await atEveryRequest(name, async (story, death) => {
      await story.begin();
      await story.live(story.initiate);
      const ended = await story.live(story.verify, death);
      await story.live(story.hook);
      await story.live(story.verify);
      return ended;
    });
    expect(outcomes).toEqual(paid);
  });

  it("of a refund: the repetition or the sweep finishes it, once", async () => {
    for (const again of ["refund", "sweep"] as const) {
      const outcomes = await atEveryRequest(name, async (story, death) => {
        await story.begin();
        await story.live(story.initiate);
        await story.live(story.hook);
        const ended = await story.live(story.refund, death);
        // The sweep alone can finish only what has begun: the wish itself may have died.
        if (again === "refund" || story.order.status === "paid") await story.live(story.refund);
        return ended;
      });
      expect(outcomes).toEqual(paidBack);
    }
  });

  // Wompi gives a payment back as a whole only.
  it.skipIf(name === "wompi")("of a part that goes back: it goes back once", async () => {
    for (const again of ["refund", "sweep"] as const) {
      const outcomes = await atEveryRequest(name, async (story, death) => {
        await story.begin();
        await story.live(story.initiate);
        await story.live(story.hook);
        const ended = await story.live(story.refundPart, death);
        const hasBegun = Object.keys(story.order.payment?.refunds ?? {}).length > 0;
        if (again === "refund" || !hasBegun) await story.live(story.refundPart);
        return ended;
      });
      expect(outcomes).toEqual(["paid, 1 paid back"]);
    }
  });

  it("of the sweep: the next one goes on, and pays back once @long", async () => {
    const outcomes = await atEveryRequest(name, async (story, death) => {
      await story.begin();
      await story.live(story.initiate);
      await loseTheUnit(story);
      await story.live(story.hook);
      const ended = await story.live(story.sweep, death);
      return ended;
    });
    expect(outcomes).toEqual(paidBack);
  });
});

it("tells how many processes died", () => {
  console.log(`${crashes} processes died, each at another request, before or after its effect`);
  // Without the long ones there are fewer.
  expect(crashes).toBeGreaterThan(25 * names.length);
});
