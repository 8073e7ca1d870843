/**
 * A campaign: codes that are used up, items of which each shopper gets a few, a sale that ends, guests who become
 * members. Shoppers do whatever the contract lets them do, in any order; money comes late or never.
 */
import type { Order } from "../../../shared/orders/order.ts";
import type { PromotionFacts } from "../../../shared/promotions/promotion.ts";
import { CampaignBooks } from "../invariants/campaign-books.ts";
import type { Random } from "../random.ts";
import { noFaults } from "../scheduler/faults.ts";
import type { World } from "../scheduler/world.ts";
import { type ShopperTurn, shopperRoutes } from "./shopper-routes.ts";
import { Shop } from "./shop.ts";
import { defaultSettings } from "./system.ts";

const root = { id: "root" };
const sessions = ["desk", "phone"];
const instances = ["menu", "ticket"];
const codes = ["LAUNCH", "PLUS"];
const enteredCodes = ["LAUNCH", "LAUNCH", "LAUNCH", "PLUS"];

const rule = { active: true, automatic: false, combinable: true, order: 0 } as const;
/** What shoppers do most is what a campaign is about. */
const favourites = [
  "addCartItem",
  "addCartItem",
  "enterCartCode",
  "enterCartCode",
  "placeOrder",
  "placeOrder",
  "placeOrder",
  "placeOrder",
  "cancelOrder",
  "offerCartClaim",
  "claimCart",
  "offerOrderClaim",
  "claimOrder",
];

/** What the shop has announced. */
const errands = ["addCartItem", "enterCartCode", "setCartMetadata", "placeOrder"];

/** How many come, and how often the code may be used; what is left out is drawn. */
export interface CampaignPlan {
  readonly shoppers?: number;
  readonly maxUses?: number;
}

/** A whole crowd at one code. */
export const crowdAtCode: CampaignPlan = { shoppers: 100, maxUses: 3 };

/** One seed in many has a crowd. */
function drawShoppers(random: Random): number {
  if (random.chance(0.02)) return 100;
  return random.pick([2, 3, 5, 8]);
}

export class Campaign {
  readonly world: World;
  readonly shop: Shop;
  readonly books: CampaignBooks;
  readonly #claims: string[] = [];
  readonly #orderClaims: { orderId: string; claim: string }[] = [];
  readonly #tickets: { itemId: string; ticket: string }[] = [];
  /** Payments that are under way: the books are closed when all of them have ended. */
  readonly #payments: Promise<void>[] = [];
  readonly #plan: CampaignPlan;
  #limited: Partial<PromotionFacts> = {};

  constructor(world: World, plan: CampaignPlan = {}) {
    this.world = world;
    this.#plan = plan;
    const { random } = world;
    const limits = { ...defaultSettings.limits, maxOpenOrders: random.pick([0, 2, 5]) };
    this.shop = new Shop(world, {
      shoppers: 0,
      stepsEach: 0,
      items: 2,
      sweep: random.pick(["on", "off"] as const),
      settings: { ...defaultSettings, limits, autoShards: random.pick([0, 2]) },
      withKeepers: false,
      withAudit: false,
    });
    this.books = new CampaignBooks(world);
  }

  async run(): Promise<void> {
    const { world } = this;
    await this.shop.open();
    const rough = world.rates;
    world.rates = noFaults;
    await this.#announce();
    world.rates = rough;
    const { shoppers: count = drawShoppers(world.random) } = this.#plan;
    const people = Array.from({ length: count }, (_, index) => this.#shopper(index, count));
    await Promise.all([...people, this.#keeper()]);
    await Promise.all(this.#payments);
    await this.shop.settle();
    await this.#reclaimUses();
    this.books.checkAtRest(codes);
  }

  async #announce(): Promise<void> {
    const { random } = this.world;
    this.#limited = {
      maxUses: this.#plan.maxUses ?? random.pick([1, 3, 3]),
      ...(random.chance(0.6) ? { maxUsesPerShopper: random.pick([1, 1, 2]) } : {}),
      ...(random.chance(0.4) ? { endsAtMs: this.#in(random.int(20_000, 120_000)) } : {}),
    };
    await this.#putLaunch("-50%");
    await this.#put("PLUS", {
      ...rule,
      name: "plus",
      type: "fee",
      target: "subtotal",
      value: "+7",
    });
    const tax = { name: "vat", type: "tax", target: "total", value: "+19%" } as const;
    if (random.chance(0.6))
      await this.#put("VAT", { ...rule, ...tax, automatic: true, combinable: false });
    const price = { amountMinor: random.pick([0, 300, 999]), currency: "EUR" };
    for (const itemId of this.shop.itemIds()) {
      await this.shop.processes.insist("stockUp", ({ ledger }) =>
        ledger.move({ itemId, kind: "adjusted", quantity: 30, reference: "more", actor: root }),
      );
      await this.#change(itemId, { price, limits: this.#drawLimits() });
    }
  }

  #in(ms: number): number {
    return Math.floor(this.world.nowMs) + ms;
  }

  #putLaunch(value: string): Promise<unknown> {
    const what = { name: "launch", type: "discount", target: "total", value } as const;
    return this.#put("LAUNCH", { ...rule, ...what, ...this.#limited });
  }

  #put(code: string, facts: PromotionFacts): Promise<unknown> {
    return this.shop.processes.insist("putPromotion", ({ promotions }) =>
      promotions.put(code, facts, root),
    );
  }

  #change(itemId: string, patch: object): Promise<unknown> {
    return this.shop.processes.insist("changeItem", ({ inventory }) =>
      inventory.change(itemId, patch, root),
    );
  }

  #drawLimits() {
    const { random } = this.world;
    if (random.chance(0.3)) return null;
    const perShopper = random.chance(0.8) ? { perShopper: random.pick([1, 2, 4]) } : {};
    return { ...perShopper, ...(random.chance(0.4) ? { perOrder: random.pick([1, 2]) } : {}) };
  }

  async #shopper(index: number, count: number): Promise<void> {
    const { random } = this.world;
    // Two visits of the same person share what the shop gives to one.
    const userId = `user-${count > 8 ? index : index % 4}`;
    const steps = count > 8 ? errands.length : random.int(5, 10);
    let order: Order | undefined;
    // Everybody has come for the code; then most do what comes to mind.
    const isKeen = random.chance(0.25);
    for (let step = 0; step < steps && this.shop.isOpen; step += 1) {
      await this.world.sleep(random.int(1, count > 8 ? 4_000 : 20_000));
      const key = `key-${index}-${step}`;
      const names = Object.keys(shopperRoutes);
      const errand = isKeen || step < errands.length ? errands[step % errands.length] : undefined;
      const name = errand ?? random.pick([...favourites, ...names]);
      const turn: ShopperTurn = {
        random,
        userId,
        sessionId: errand ? "desk" : random.pick(sessions),
        instance: errand ? "menu" : random.pick(instances),
        itemId: random.pick(this.shop.itemIds()),
        code: errand ? "LAUNCH" : random.pick(enteredCodes),
        key,
        claims: this.#claims,
        orderClaims: this.#orderClaims,
        tickets: this.#tickets,
        order,
        pay: (mine) => this.#payments.push(this.#pay(mine, userId)),
        place: async (source) => {
          order = (await this.#place(turn, errand ? "cart" : source)) ?? order;
        },
        rival: (work) =>
          this.world.script(async () => void (await this.shop.processes.request("rival", work))),
      };
      if (name === "placeOrder") await shopperRoutes[name]!({} as never, turn);
      else await this.shop.processes.request(name, (system) => shopperRoutes[name]!(system, turn));
    }
  }

  async #place(turn: ShopperTurn, kind: "cart" | "items"): Promise<Order | undefined> {
    const { random, userId, sessionId, itemId, key: idempotencyKey } = turn;
    const items = [{ itemId, quantity: random.int(1, 3), attributes: { price: 1 } }];
    const source = kind === "cart" ? ({ kind, sessionId } as const) : ({ kind, items } as const);
    const tickets = turn.tickets.filter((each) => each.itemId === itemId).slice(-1);
    const shown = tickets.length > 0 && random.chance(0.5) ? { tickets } : {};
    const request = { userId, actor: { id: userId }, source, idempotencyKey, ...shown };
    const answer = await this.shop.place({ ...request, paymentMethod: "sandbox" });
    if (answer.kind !== "done") return undefined;
    const { order } = answer.value;
    // Some money comes, some of it long after its time; some orders are left to themselves.
    if (random.chance(0.6)) this.#payments.push(this.#pay(order, userId));
    return order;
  }

  /** Beside what else its shopper does meanwhile. */
  #pay(order: Order, userId: string): Promise<void> {
    return new Promise((settle) => {
      this.world.script(async () => {
        await this.shop.pay(order, userId);
        settle();
      });
    });
  }

  /** The shop changes its mind: prices, limits, what a code is worth, what is sold at all. */
  async #keeper(): Promise<void> {
    const { random } = this.world;
    for (let step = 0; step < 5; step += 1) {
      await this.world.sleep(random.int(1, 60_000));
      const itemId = random.pick(this.shop.itemIds());
      const nowMs = this.world.nowMs;
      const kind = random.pick(["limits", "archive", "sale", "code", "condition"] as const);
      if (kind === "limits") await this.#change(itemId, { limits: this.#drawLimits() });
      if (kind === "archive") await this.#change(itemId, { archived: true });
      if (kind === "archive") await this.world.sleep(random.int(1, 30_000));
      if (kind === "archive") await this.#change(itemId, { archived: false });
      if (kind === "sale") {
        await this.#change(itemId, {
          sale: { endsAtMs: Math.floor(nowMs) + random.int(1, 60_000) },
        });
        await this.world.sleep(random.int(1, 120_000));
        await this.#change(itemId, { sale: null });
      }
      if (kind === "code") await this.#putLaunch(random.pick(["-50%", "-30%"]));
      if (kind === "condition") await this.#condition();
    }
  }

  async #condition(): Promise<void> {
    const { random } = this.world;
    const address = { userId: `user-${random.int(0, 3)}`, sessionId: random.pick(sessions) };
    const request = { ...address, instance: random.pick(instances), actor: root };
    const value = random.pick(["+500", "-10%"]);
    const condition = { name: "shop", type: "rule", target: "total", value, order: 1 } as const;
    await this.shop.processes.request("condition", ({ carts }) =>
      carts.setCondition(request, condition),
    );
  }

  /** Uses that expired orders held are free by time alone; levels tell it when somebody looks. */
  async #reclaimUses(): Promise<void> {
    const rows = this.world.engine.table("Stock").items();
    const itemIds = rows.filter(({ shard }) => shard === 0).map(({ itemId }) => String(itemId));
    await this.shop.processes.insist("reclaim", ({ inventory }) => inventory.reclaim(itemIds));
  }
}
