/** A shop that is lost, and its people: what they do before and after the second that it comes back to. */
import { randomUUID } from "node:crypto";
import type { Holdfast } from "../../local/holdfast.ts";
import type { Desk } from "../../local/providers/desk.ts";

/** What came back; the body is parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- a drill knows what it asked for
  readonly body: any;
}

/** One order, and the key under which it was asked for. */
export interface Placed {
  readonly orderId: string;
  readonly key: string;
  readonly itemId: string;
}

const root = "drill-root";
const page = "drill-page";

/** Something is not as it has to be. */
export function insist(isSo: boolean, what: string): asserts isSo {
  if (!isSo) throw new Error(`the restored shop: ${what}`);
}

/** The people of a shop; the same ones wherever it runs. */
export function createPeople(holdfast: Holdfast, desk: Desk) {
  async function ask(
    who: string,
    route: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answer> {
    const [method = "GET", path = "/"] = route.split(" ");
    const token = await holdfast.token(who, who === root ? ["admin"] : []);
    const answer = await fetch(`${holdfast.url}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json", ...headers },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") === true;
    return { status: answer.status, body: isJson && text !== "" ? JSON.parse(text) : text };
  }

  async function expectOk(asked: Promise<Answer>, what: string): Promise<Answer> {
    const answer = await asked;
    insist(answer.status < 300, `${what} answers ${answer.status}: ${JSON.stringify(answer.body)}`);
    return answer;
  }

  return {
    ask,
    asRoot: (route: string, body?: unknown) => ask(root, route, body),

    async stockUp(itemId: string, quantity: number): Promise<void> {
      const price = { amountMinor: 900, currency: "EUR" };
      const item = { itemId, name: "Mug", kind: "Retail", price, quantity };
      await expectOk(ask(root, "POST /items", item), "an item");
    },

    /** Places an order; under the same key it is the same order. */
    async place(who: string, itemId: string, key: string = randomUUID()): Promise<Placed> {
      const body = { items: [{ itemId, quantity: 1 }], paymentMethod: "stripe" };
      const asked = ask(who, `POST /order/${who}`, body, { "idempotency-key": key });
      return { orderId: (await expectOk(asked, "an order")).body.orderId, key, itemId };
    },

    /** Pays an order at the provider, which tells the shop unless that gets lost. */
    async pay(who: string, { orderId }: Placed): Promise<string> {
      await expectOk(ask(who, "POST /payments/initiate", { orderId }), "a payment");
      const payment = desk.list(orderId).find(({ provider }) => provider === "stripe");
      insist(payment !== undefined, `${orderId} is not at the provider`);
      await desk.act("stripe", payment.id, { action: "pay" });
      return payment.id;
    },

    async statusOf({ orderId }: Placed): Promise<string | undefined> {
      return (await ask(root, `GET /orders/${orderId}`)).body.status;
    },

    /** Locks a page and hands out the fence. */
    async lock(who: string): Promise<number> {
      const asked = ask(who, "POST /api/lock/acquire", { docId: page });
      const { body } = await expectOk(asked, "a lock");
      return body.lockInfo.fence;
    },

    /** Saves the page, which gives its lock back. */
    save: (who: string, fence: number): Promise<Answer> =>
      ask(who, `PUT /api/documents/${page}`, { content: { by: who }, fence }),

    /** Puts a mug into a cart; its version then, or what was said instead. */
    async fill(who: string, itemId: string, ifMatch?: number): Promise<Answer> {
      const headers: Record<string, string> =
        ifMatch === undefined ? {} : { "if-match": `"${ifMatch}"` };
      const route = `POST /carts/${who}/visit/default/items`;
      return ask(who, route, { itemId, quantity: 1 }, headers);
    },
  };
}

/** See `createPeople`. */
export type People = ReturnType<typeof createPeople>;
