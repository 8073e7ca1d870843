/** Items and the stock ledger over HTTP: what they answer and what they cost. */
import { describe, expect, test } from "vitest";
import { type Client, createClient } from "../../client/index.ts";
import { importSnippets } from "../support/docs/snippets.ts";
import { clientOf } from "../support/http.ts";
import { openUnsweptShop } from "../support/shop-for-file.ts";
import { effort } from "../support/effort.ts";
import { fresh } from "../support/shop.ts";

const { server, soldByHand } = await openUnsweptShop();
const admin = clientOf(server, "root", ["admin"]);
const shopper = clientOf(server, "alice");

const price = { amountMinor: 900, currency: "EUR" };

async function create(itemId: string, quantity: number) {
  const body = { itemId, name: `The ${itemId}`, kind: "Retail", price, quantity };
  soldByHand.push(itemId);
  return admin.send("POST /items", { body });
}

describe("items", () => {
  test("an item is created once, read by anyone and changed by administrators", async () => {
    const created = await create("mug", 12);
    expect(created).toMatchObject({
      status: 201,
      cost: { requests: 1 },
      body: { itemId: "mug", price, available: 12, held: 0, sold: 0, received: 12 },
    });
    expect(await create("mug", 1)).toMatchObject({ status: 409, body: { code: "ITEM_EXISTS" } });
    const seen = await clientOf(server).send("GET /items/mug");
    expect(seen).toMatchObject({ status: 200, cost: { requests: 1 }, body: created.body });
    const patch = { body: { name: "Big mug" } };
    expect(await shopper.send("PATCH /items/mug", patch)).toMatchObject({ status: 403 });
    const changed = await admin.send("PATCH /items/mug", patch);
    expect(changed).toMatchObject({ status: 200, body: { name: "Big mug", available: 12 } });
  });

  test("what is not there is named, and empty changes are refused", async () => {
    expect(await shopper.send("GET /items/none")).toMatchObject({
      status: 404,
      body: { code: "ITEM_NOT_FOUND" },
    });
    expect(await admin.send("PATCH /items/mug", { body: {} })).toMatchObject({ status: 400 });
    const wrong = { body: { itemId: "x", name: "x", kind: "x", price, quantity: 1.5 } };
    expect(await admin.send("POST /items", wrong)).toMatchObject({
      status: 400,
      cost: { requests: 0 },
      body: { code: "INVALID_REQUEST", issues: [{ path: "quantity" }] },
    });
  });

  test("come over from another shop, and go back as many as are left, as their page shows", async () => {
    const { carryItems, carryItemsBack } = await importSnippets("docs/migrate/atomic-cache.md");
    const token = () => server.token("root", ["admin"]);
    const client = createClient({ baseUrl: server.url, token });
    const [cup, jug] = [fresh("cup"), fresh("jug")];
    soldByHand.push(cup, jug);
    const old = [cup, jug].map((itemId) => {
      return { itemId, name: itemId, kind: "Retail", price, quantity: 4 };
    });
    for (let round = 0; round < 2; round += 1) await carryItems!(old, client);
    const body = { quantity: 1, reference: "by hand" };
    const sold = await admin.send(`POST /inventory/${cup}/decrement`, { body });
    expect(sold).toMatchObject({ status: 200 });
    // Others sell in this shop as well, where what is held may not go back.
    const own: Pick<Client, "listItems"> = {
      async listItems(input) {
        const page = await client.listItems(input);
        return { ...page, items: page.items.filter(({ itemId }) => [cup, jug].includes(itemId)) };
      },
    };
    const back: [string, number][] = [];
    await carryItemsBack!(own, async (itemId: string, left: number) => {
      back.push([itemId, left]);
    });
    expect(new Map(back)).toEqual(
      new Map([
        [cup, 3],
        [jug, 4],
      ]),
    );
  });

  test("the list goes on behind its cursor", async () => {
    for (const id of ["list-a", "list-b", "list-c"]) await create(id, 1);
    const ids: string[] = [];
    let cursor: string | null = "";
    while (cursor !== null) {
      const query: string = `limit=2${cursor && `&cursor=${cursor}`}`;
      const { status, body } = await shopper.send(`GET /items?${query}`);
      expect(status).toBe(200);
      ids.push(...body.items.map(({ itemId }: { itemId: string }) => itemId));
      cursor = body.cursor;
    }
    expect(ids).toEqual(expect.arrayContaining(["list-a", "list-b", "list-c", "mug"]));
    expect(new Set(ids).size).toBe(ids.length);
    expect(await shopper.send("GET /items?cursor=nonsense")).toMatchObject({ status: 400 });
  });
});

describe("the ledger", () => {
  test("adjusting, selling and taking back cost one request each and answer the new levels", async () => {
    await create("pen", 10);
    const steps = [
      ["adjust", { delta: 5, reason: "counted", reference: "a" }, { available: 15, adjusted: 5 }],
      ["decrement", { quantity: 4, reference: "b" }, { available: 11, sold: 4 }],
      ["increment", { quantity: 1, reference: "c" }, { available: 12, sold: 3 }],
    ] as const;
    for (const [step, body, levels] of steps) {
      const moved = await admin.send(`POST /inventory/pen/${step}`, { body });
      expect(moved).toMatchObject({ status: 200, cost: { requests: 1 }, body: levels });
    }
    const { body } = await admin.send("GET /inventory/pen/movements");
    expect(body.movements.map(({ kind }: { kind: string }) => kind)).toEqual([
      "returned",
      "sold",
      "adjusted",
      "received",
    ]);
    expect(body.movements[2]).toMatchObject({ quantity: 5, reason: "counted", actor: "root" });
  });

  test("a repetition answers the same, another body under its reference is refused", async () => {
    await create("ink", 10);
    const body = { quantity: 2, reference: "till-1" };
    const first = await admin.send("POST /inventory/ink/decrement", { body });
    const again = await admin.send("POST /inventory/ink/decrement", { body });
    expect(again).toMatchObject({ status: 200, cost: { requests: 1 }, body: first.body });
    expect(again.headers.get("idempotent-replayed")).toBe("true");
    const other = { body: { quantity: 3, reference: "till-1" } };
    expect(await admin.send("POST /inventory/ink/decrement", other)).toMatchObject({
      status: 422,
      body: { code: "IDEMPOTENCY_KEY_REUSED" },
    });
    expect((await admin.send("GET /items/ink")).body).toMatchObject({ available: 8, sold: 2 });
  });

  test("no level falls below zero", async () => {
    await create("few", 1);
    for (const [step, body] of [
      ["decrement", { quantity: 2, reference: "a" }],
      ["increment", { quantity: 1, reference: "b" }],
      ["adjust", { delta: -2, reason: "lost", reference: "c" }],
    ] as const) {
      expect(await admin.send(`POST /inventory/few/${step}`, { body })).toMatchObject({
        status: 409,
        body: { code: "INSUFFICIENT_STOCK", available: 1 },
      });
    }
    expect(await admin.send("GET /inventory/none/movements")).toMatchObject({ status: 404 });
  });

  test("in a crowd every movement counts once, and a repetition is told what the first one was @long", async () => {
    const tills = effort({ part: 24, all: 60 });
    await create("busy", 100);
    const sell = (reference: string) =>
      admin.send("POST /inventory/busy/decrement", { body: { quantity: 1, reference } });
    const references = Array.from({ length: tills }, (_, index) => `till-${index}`);
    const first = await Promise.all(references.map(sell));
    expect(new Set(first.map(({ status }) => status))).toEqual(new Set([200]));
    const again = await Promise.all(references.map(sell));
    expect(again.map(({ body }) => body)).toEqual(first.map(({ body }) => body));
    expect((await admin.send("GET /items/busy")).body).toMatchObject({
      available: 100 - tills,
      sold: tills,
    });
  });

  test("50 parallel calls with one reference are one movement and 50 equal answers", async () => {
    await create("once", 10);
    const body = { quantity: 1, reference: "one" };
    const answers = await Promise.all(
      Array.from({ length: 50 }, () => admin.send("POST /inventory/once/decrement", { body })),
    );
    for (const answer of answers) {
      expect(answer).toMatchObject({ status: 200, body: answers[0]!.body });
    }
    const { body: ledger } = await admin.send("GET /inventory/once/movements");
    expect(ledger.movements).toHaveLength(2);
  });
});
