/**
 * Everything that a shopper may ask of the shop, by the names of the contract: whoever adds such a route has to say
 * here what a shopper does with it, so that no price is left to one that nobody tried.
 */
import type { Order } from "../../../shared/orders/order.ts";
import type { Random } from "../random.ts";
import type { System } from "./system.ts";

/** A shopper at a moment: who, with which cart, and what they would like. */
export interface ShopperTurn {
  readonly random: Random;
  readonly userId: string;
  readonly sessionId: string;
  readonly instance: string;
  readonly itemId: string;
  readonly code: string;
  readonly key: string;
  /** Claims that shoppers have made. */
  readonly claims: string[];
  /** Claims that shoppers have made to orders. */
  readonly orderClaims: { readonly orderId: string; readonly claim: string }[];
  /** An order of theirs, if they have one. */
  readonly order: Order | undefined;
  /** Somebody else does something at the same time. */
  readonly rival: (work: (system: System) => Promise<unknown>) => void;
  /** Tickets that shoppers were given in lines for items. */
  readonly tickets: { readonly itemId: string; readonly ticket: string }[];
  /** Places an order and looks at what is answered. */
  readonly place: (source: "cart" | "items") => Promise<unknown>;
  /** Pays for an order, or seems to; the bank tells of it when it likes. */
  readonly pay: (order: Order) => void;
}

type Route = (system: System, turn: ShopperTurn) => Promise<unknown>;

const addressOf = ({ userId, sessionId, instance }: ShopperTurn) => {
  return { userId, sessionId, instance, actor: { id: userId } };
};
/** Choices that look like money: none of them is. */
const sly = { price: 1, unitPriceMinor: 0, discount: "-99.99%", conditions: ["-100%"] };

const wish = ({ random, itemId }: ShopperTurn) => {
  const chosen = random.chance(0.2) ? { attributes: sly } : {};
  return { itemId, quantity: random.int(1, 3), ...chosen };
};
const callerOf = ({ userId }: ShopperTurn) => ({ userId, isAdmin: false });
const asking = ({ userId, itemId }: ShopperTurn) => ({ itemId, userId, actor: { id: userId } });
/** A ticket that somebody was given, their own or not. */
const withTicket = (turn: ShopperTurn) =>
  turn.tickets.length === 0 ? undefined : { ...asking(turn), ...turn.random.pick(turn.tickets) };

/** What a shopper does with each of them. */
export const shopperRoutes: Readonly<Record<string, Route>> = {
  getItem: (system, { itemId }) => system.inventory.look(itemId),
  listItems: (system) => system.inventory.list({ limit: 5 }),
  getCart: (system, turn) => system.carts.get(addressOf(turn)),
  getCartInstance: (system, turn) => system.carts.get(addressOf(turn)),
  getCartLock: (system, turn) => system.carts.isCartLocked(addressOf(turn)),
  mergeCart: (system, turn) =>
    system.carts.merge({
      ...addressOf(turn),
      sessionId: "desk",
      fromSessionId: "phone",
      strategy: turn.random.pick(["sum", "max", "keep"] as const),
    }),
  offerCartClaim: async (system, turn) => {
    const { claim } = await system.carts.offerClaim(addressOf(turn), { id: turn.userId });
    turn.claims.push(claim);
  },
  claimCart: async (system, turn) => {
    if (turn.claims.length === 0) return;
    const claim = turn.random.pick(turn.claims);
    const mine = { ...addressOf(turn), claim, strategy: "sum" } as const;
    // Somebody else has heard of it, too.
    if (turn.random.chance(0.5)) {
      turn.rival(({ carts }) => carts.claim({ ...mine, userId: "rival" }));
    }
    await system.carts.claim(mine);
  },
  clearCartInstance: (system, turn) => system.carts.clear(addressOf(turn)),
  addCartItem: (system, turn) => system.carts.addLine(addressOf(turn), wish(turn)),
  replaceCartItems: (system, turn) => system.carts.putItems(addressOf(turn), [wish(turn)]),
  changeCartItem: (system, turn) =>
    system.carts.changeQuantity(addressOf(turn), turn.itemId, turn.random.int(0, 3)),
  removeCartItem: (system, turn) => system.carts.removeLine(addressOf(turn), turn.itemId),
  setCartMetadata: (system, turn) => system.carts.setMetadata(addressOf(turn), "conditions", sly),
  removeCartMetadata: (system, turn) => system.carts.removeMetadata(addressOf(turn), "conditions"),
  enterCartCode: (system, turn) => system.carts.enterCode(addressOf(turn), turn.code),
  removeCartCode: (system, turn) => system.carts.removeCode(addressOf(turn), turn.code),
  placeOrder: (_system, { random, place }) => place(random.pick(["cart", "items"] as const)),
  getOrder: async (system, turn) =>
    turn.order && system.orders.get(turn.order.orderId, callerOf(turn)),
  listOrders: (system, { userId }) => system.orders.list({ userId, limit: 5 }),
  cancelOrder: async (system, turn) => {
    if (!turn.order) return;
    const { orderId, userId } = turn.order;
    await system.cancelling.cancel({ orderId, caller: callerOf(turn), actor: { id: userId } });
  },
  initiatePayment: async (system, turn) => {
    if (!turn.order) return;
    const actor = { id: turn.userId };
    const { orderId } = turn.order;
    await system.payments.initiate({ orderId, caller: callerOf(turn), actor });
  },
  offerOrderClaim: async (system, turn) => {
    if (!turn.order) return;
    const { orderId } = turn.order;
    const { claim } = await system.orders.offerClaim(orderId, callerOf(turn), { id: turn.userId });
    turn.orderClaims.push({ orderId, claim });
  },
  claimOrder: async (system, turn) => {
    if (turn.orderClaims.length === 0) return;
    const shown = turn.random.pick(turn.orderClaims);
    const by = (userId: string) => ({ ...shown, userId, actor: { id: userId } });
    if (turn.random.chance(0.5)) turn.rival(({ orders }) => orders.claim(by("rival")));
    await system.orders.claim(by(turn.userId));
  },
  // What a browser was given is the shopper's word; money moves by the bank's alone.
  verifyPayment: async (system, turn) => {
    if (!turn.order) return;
    const { orderId } = turn.order;
    const returned = { status: "captured", amount: "1", sandbox_payment_id: "paid" };
    const claim = { orderId, provider: "sandbox", returned, caller: callerOf(turn) } as const;
    await system.payments.verify({ ...claim, actor: { id: turn.userId } });
  },
  paySandbox: async (_system, { order, pay }) => void (order && pay(order)),
  joinItemLine: async (system, turn) => {
    const standing = await system.itemLine.join(asking(turn));
    const { ticket } = "turn" in standing ? standing.turn : standing.place;
    turn.tickets.push({ itemId: turn.itemId, ticket });
  },
  askItemLine: async (system, turn) => {
    const asked = withTicket(turn);
    if (asked) await system.itemLine.ask(asked);
  },
  leaveItemLine: async (system, turn) => {
    const asked = withTicket(turn);
    if (asked) await system.itemLine.leave(asked);
  },
};
