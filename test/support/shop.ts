/** A shop for tests over HTTP: items, shoppers with carts, orders, and a cashier who signs webhooks himself. */
import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { Webhook } from "standardwebhooks";
import type { FaultRequest } from "../../local/aws/faults.ts";
import { type Answer, type Client, clientOf } from "./http.ts";
import type { TestServer } from "./server.ts";

/** The settings of a server whose orders do not live long; nothing is swept unless a test does it. */
export const hasty = {
  sweep: "off",
  holdSeconds: "3",
  paymentSeconds: "4",
  maxHoldSeconds: "5",
  onPaymentFailure: "keep",
};

/** An item to put on the shelf: ten units at 10.00 EUR unless the test says otherwise. */
export interface ItemGiven {
  readonly itemId?: string;
  readonly quantity?: number;
  readonly amountMinor?: number;
  readonly currency?: string;
  readonly holdPolicy?: "counted" | "exclusive";
  readonly kind?: string;
}

/** How much of what. */
export interface LineGiven {
  readonly itemId: string;
  readonly quantity: number;
}

/** An order as the API answers with it. */
export interface OrderView {
  readonly orderId: string;
  readonly userId: string;
  readonly status: string;
  readonly lines: readonly (LineGiven & Record<string, unknown>)[];
  readonly totalMinor: number;
  readonly currency: string;
  readonly expiresAtMs: number;
  readonly payment: Record<string, unknown> | null;
}

/** Which cart: of which visit, and under which name. */
export interface CartGiven {
  readonly sessionId?: string;
  readonly instance?: string;
}

let count = 0;

/** A name that nothing else in this run has. */
export function fresh(prefix: string): string {
  count += 1;
  return `${prefix}-${count}-${randomUUID().slice(0, 6)}`;
}

/** Waits until an instant is there, and not a millisecond longer than it must. */
export async function until(atMs: number): Promise<void> {
  for (let leftMs = atMs - Date.now(); leftMs > 0; leftMs = atMs - Date.now()) {
    await (leftMs > 20 ? sleep(leftMs - 10) : new Promise(setImmediate));
  }
}

/** An answer that has to be this one; anything else fails the test with what came instead. */
export function expectStatus<Body>(answer: Answer<Body>, ...wanted: number[]): Body {
  if (wanted.includes(answer.status)) return answer.body;
  throw new Error(`Expected ${wanted.join(" or ")}, got ${answer.status}: ${show(answer.body)}`);
}

function show(body: unknown): string {
  return JSON.stringify(body)?.slice(0, 500) ?? "nothing";
}

/** One person with a cart. */
function shopperOf(server: TestServer, userId: string) {
  const client: Client = clientOf(server, userId);
  const cartPath = ({ sessionId = "default", instance = "main" }: CartGiven = {}): string =>
    `/carts/me/${sessionId}/${instance}`;

  const shopper = {
    userId,
    ...client,

    /** Puts an item into the cart. */
    add: (line: LineGiven, cart?: CartGiven): Promise<Answer> =>
      client.send(`POST ${cartPath(cart)}/items`, { body: line }),

    /** Puts all of these into the cart, one after the other. */
    async putInCart(lines: readonly LineGiven[], cart?: CartGiven): Promise<void> {
      for (const line of lines) expectStatus(await shopper.add(line, cart), 200, 201);
    },

    /** What the named cart shows. */
    async cart(cart?: CartGiven) {
      return expectStatus(await client.send(`GET ${cartPath(cart)}`), 200);
    },

    /** Orders: what the body says, or the cart. */
    order: (
      body: Record<string, unknown> = {},
      key?: string,
    ): Promise<Answer<OrderView & Record<string, never>>> =>
      client.send("POST /order/me", {
        body: { paymentMethod: "sandbox", ...body },
        // Items without a cart need a key; a test that is about none sends its own request.
        ...(key === undefined && !body["items"]
          ? {}
          : { headers: { "idempotency-key": key ?? fresh("key") } }),
      }),

    /** Orders and expects to get it. */
    async mustOrder(body?: Record<string, unknown>, key?: string): Promise<OrderView> {
      return expectStatus(await shopper.order(body, key), 201);
    },

    /** The order as it is now. */
    async see(orderId: string): Promise<OrderView> {
      return expectStatus(await client.send<OrderView>(`GET /orders/${orderId}`), 200);
    },

    /** Starts to pay and hands back the transaction. */
    async startPaying(orderId: string): Promise<{ transactionId: string; expiresAtMs: number }> {
      return expectStatus(await client.send("POST /payments/initiate", { body: { orderId } }), 200);
    },

    /** Has the sandbox send its webhook. */
    payBySandbox: (
      transactionId: string,
      outcome: "success" | "failure",
      more: Record<string, unknown> = {},
    ): Promise<Answer> =>
      client.send("POST /sandbox/pay", { body: { transactionId, outcome, ...more } }),

    cancel: (orderId: string): Promise<Answer<OrderView>> =>
      client.send(`POST /orders/${orderId}/cancel`),
  };
  return shopper;
}

/** See `shopperOf`. */
export type Shopper = ReturnType<typeof shopperOf>;

/** Something that the sandbox says about an order. */
export interface SandboxNews {
  readonly type: "payment.captured" | "payment.failed" | "payment.refunded";
  readonly order: Pick<OrderView, "orderId" | "totalMinor" | "currency">;
  readonly data?: Record<string, unknown>;
}

/** A delivery that is signed as Standard Webhooks asks for. */
export interface Delivery {
  readonly body: string;
  readonly headers: Record<string, string>;
}

async function sandboxSecret(server: TestServer): Promise<string> {
  const { body } = await server.call("GET /_local/secrets");
  const secrets: [string, { current: string }][] = Object.entries(body.secrets);
  const [, versions] = secrets.find(([name]) => name.startsWith("Sandbox"))!;
  return (JSON.parse(versions.current) as { webhookSecret: string }).webhookSecret;
}

/** Opens a shop on a server. */
export function openShop(server: TestServer) {
  const admin = clientOf(server, "boss", ["admin"]);
  const nobody = clientOf(server);

  const shop = {
    server,
    admin,
    nobody,

    /** Puts an item on the shelf and tells its id. */
    async item(given: ItemGiven = {}): Promise<string> {
      const { itemId = fresh("item"), quantity = 10, amountMinor = 1_000 } = given;
      const { currency = "EUR", holdPolicy = "counted", kind = "Retail" } = given;
      const price = { amountMinor, currency };
      const body = { itemId, name: `The ${itemId}`, kind, price, quantity, holdPolicy };
      expectStatus(await admin.send("POST /items", { body }), 201);
      return itemId;
    },

    /** Several items of the same sort. */
    items: (number: number, given?: ItemGiven): Promise<string[]> =>
      Promise.all(Array.from({ length: number }, () => shop.item(given))),

    /** What anybody can see of an item. */
    async levels(itemId: string) {
      const { available, held, sold } = expectStatus(
        await nobody.send(`GET /items/${encodeURIComponent(itemId)}`),
        200,
      );
      return { available, held, sold };
    },

    shopper: (userId: string = fresh("shopper")): Shopper => shopperOf(server, userId),

    /** Signs what the sandbox has to say, with its own secret. */
    async sign({ type, order, data }: SandboxNews, at = new Date()): Promise<Delivery> {
      const { orderId, totalMinor: amountMinor, currency } = order;
      const transactionId = `sbx_${orderId}`;
      const about = { orderId, transactionId, paymentId: transactionId, amountMinor, currency };
      const body = JSON.stringify({ type, data: { ...about, ...data } });
      const id = fresh("msg");
      const signature = new Webhook(await sandboxSecret(server)).sign(id, at, body);
      const timestamp = String(Math.floor(at.getTime() / 1000));
      const names = { "webhook-id": id, "webhook-timestamp": timestamp };
      return { body, headers: { ...names, "webhook-signature": signature } };
    },

    /** Delivers to the sandbox's webhook. */
    deliver: ({ body, headers }: Delivery): Promise<Answer> =>
      nobody.send("POST /webhooks/sandbox", { body, headers }),

    /** Signs and delivers. */
    async tell(news: SandboxNews): Promise<Answer> {
      return shop.deliver(await shop.sign(news));
    },

    /** Pays an order that was placed: starts the payment and has it captured. */
    async pay(shopper: Shopper, order: OrderView): Promise<void> {
      await shopper.startPaying(order.orderId);
      expectStatus(await shop.tell({ type: "payment.captured", order }), 200);
    },

    /** Runs the sweep now. */
    sweep: async (): Promise<{ expiredOrders: number; releasedLocks: number }> =>
      expectStatus(await admin.send("POST /admin/locks/cleanup"), 200),

    /** Sets a fault and tells whether it struck. */
    async fault(request: FaultRequest) {
      expectStatus(await nobody.send("POST /_local/faults", { body: request }), 201);
      return {
        async struck(): Promise<boolean> {
          const { body } = await nobody.send("DELETE /_local/faults");
          return body.faults.some(({ fired }: { fired: unknown[] }) => fired.length > 0);
        },
      };
    },
  };
  return shop;
}

/** See `openShop`. */
export type Shop = ReturnType<typeof openShop>;
