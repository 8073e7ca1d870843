/** One visit of a shopper: what is for sale, the cart, the order that is being paid, and the lines one waits in. */
import { type Signal, signal } from "@preact/signals";
import type { AnswerOf } from "../../client/index.ts";
import { type Asked, keepAsking } from "../parts/asked.ts";
import type { Notices } from "../parts/notices.ts";
import type { Session } from "../parts/session.ts";

/** An item as the catalogue shows it. */
export type Item = AnswerOf<"getItem">;
/** An order as its owner sees it. */
export type Order = AnswerOf<"getOrder">;

/** Where a shopper stands in the line for an item. */
export interface Standing {
  readonly ticket: string;
  /** From 1; 0 once it is one's turn. */
  readonly position: number;
  /** In one's turn a unit is held until then. */
  readonly heldUntilMs?: number;
}

/** Everything that a page of the shop shows and does. */
export interface Visit extends Session {
  readonly notices: Notices;
  readonly items: Asked<readonly Item[]>;
  readonly cart: Asked<AnswerOf<"getCart">>;
  readonly order: Signal<Order | undefined>;
  readonly lines: Signal<Readonly<Record<string, Standing>>>;
  /** Follows an order until another one is followed, and shows it. */
  follow(order: Order): void;
}

const instance = "main";

/** The cart of this visit, by user, session and name. */
export const cartOf = { userId: "me", sessionId: "shop", instance } as const;

/** Hears of every item that is shown, and asks for all of them when one has moved. */
function followItems({ live }: Session, { value, ask }: Asked<readonly Item[]>): void {
  const followed = new Set<string>();
  value.subscribe((items = []) => {
    // A connection has room for so many topics; the rest is asked for now and then.
    for (const { itemId } of items.slice(0, 40 - followed.size)) {
      if (followed.has(itemId)) continue;
      followed.add(itemId);
      live.follow(`item/${itemId}`, () => void ask());
    }
  });
}

/** Begins a visit. */
export function createVisit(session: Session, notices: Notices): Visit {
  const { client, live } = session;
  const items = keepAsking(async () => {
    return (await client.listItems({ query: { limit: 50 } })).items;
  }, 5_000);
  followItems(session, items);
  const { userId, sessionId } = cartOf;
  const cart = keepAsking(() => client.getCart({ params: { userId, sessionId } }), 15_000);
  live.follow(`cart/${userId}/${sessionId}`, () => void cart.ask());
  const order = signal<Order | undefined>(undefined);
  let stop: () => void = () => undefined;
  return {
    ...session,
    notices,
    items,
    cart,
    order,
    lines: signal({}),
    follow(placed) {
      stop();
      order.value = placed;
      const params = { orderId: placed.orderId };
      stop = live.follow(`order/${placed.orderId}`, async () => {
        order.value = await client.getOrder({ params });
      });
    },
  };
}
