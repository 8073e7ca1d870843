/** The stock ledger on the real engine: movements happen once, levels add up, requests are few. */
import { beforeAll, describe, expect, inject, test } from "vitest";
import { epochMs } from "../../shared/base/time.ts";
import { changeNote } from "../../shared/base/actor.ts";
import { createShop } from "../../shared/shop.ts";
import { createDocumentClient } from "../../shared/table/client.ts";
import { bucketEndMs, bucketKey } from "../../shared/inventory/deadline.ts";
import { holdWrite } from "../../shared/inventory/hold-store.ts";
import { createTables, localClientSettings } from "../support/tables.ts";
import { createWorldOver } from "../support/world.ts";
import { metered } from "../support/world.ts";

const actor = { id: "root", requestId: "req-1" };
let nowMs = epochMs(1_800_000_000_000);
const clock = () => nowMs;

async function open() {
  const endpoint = inject("dynamoDbEndpoint");
  const tables = await createTables(endpoint);
  const client = createDocumentClient(localClientSettings(endpoint));
  const { parts } = createWorldOver({ client, tables, clock });
  /** As in one process: services that remember what they saw. */
  const process = () => createShop({ ...parts });
  const { inventory, ledger } = process();
  return { database: parts.database, process, inventory, ledger };
}

let shop: Awaited<ReturnType<typeof open>>;
beforeAll(async () => {
  shop = await open();
});

function newItem(itemId: string, quantity: number) {
  const price = { amountMinor: 100, currency: "EUR" };
  return { itemId, name: itemId, kind: "Retail", price, quantity, holdPolicy: "counted" } as const;
}

const sale = (itemId: string, quantity: number, reference: string) =>
  ({ itemId, kind: "sold", quantity, reference, actor }) as const;

describe("items", () => {
  test("a new item begins its ledger with what was received", async () => {
    await shop.inventory.create(newItem("first", 3), actor);
    const { rows } = await shop.inventory.movements("first", { limit: 10 });
    expect(rows).toMatchObject([{ kind: "received", quantity: 3, actor: "root" }]);
  });

  test("an existing item is not created again", async () => {
    await shop.inventory.create(newItem("twice", 3), actor);
    await expect(shop.inventory.create(newItem("twice", 9), actor)).rejects.toMatchObject({
      code: "ITEM_EXISTS",
    });
    expect(await shop.inventory.get("twice")).toMatchObject({ available: 3, received: 3 });
  });

  test("name, price and hold policy change without touching the stock", async () => {
    await shop.inventory.create(newItem("patched", 3), actor);
    const price = { amountMinor: 5, currency: "USD" };
    const changed = await shop.inventory.change(
      "patched",
      { price, holdPolicy: "exclusive" },
      actor,
    );
    expect(changed).toMatchObject({ ...price, holdPolicy: "exclusive", available: 3 });
    await expect(shop.inventory.change("nothing", { name: "x" }, actor)).rejects.toMatchObject({
      code: "ITEM_NOT_FOUND",
    });
  });

  test("a list pages through every item once, by id", async () => {
    for (const id of ["l1", "l2", "l3"]) await shop.inventory.create(newItem(id, 1), actor);
    const seen: string[] = [];
    let cursor: string | undefined;
    do {
      const page = await shop.inventory.list({ limit: 2, cursor });
      seen.push(...page.rows.map(({ itemId }) => itemId));
      cursor = page.cursor;
    } while (cursor !== undefined);
    expect(seen).toEqual([...new Set(seen)].toSorted());
    expect(seen).toEqual(expect.arrayContaining(["l1", "l2", "l3"]));
  });
});

describe("movements", () => {
  test("a movement is one request when the process has seen the levels, two when not", async () => {
    await shop.inventory.create(newItem("counted", 10), actor);
    const seen = await metered(() => shop.ledger.move(sale("counted", 1, "a")));
    expect(seen).toMatchObject({
      meter: { requests: 1 },
      result: { levels: { available: 9, sold: 1 } },
    });
    const other = shop.process();
    const unseen = await metered(() => other.ledger.move(sale("counted", 1, "b")));
    expect(unseen).toMatchObject({
      meter: { requests: 2 },
      result: { levels: { available: 8, sold: 2 } },
    });
    const stale = await metered(() => shop.ledger.move(sale("counted", 1, "c")));
    expect(stale).toMatchObject({
      meter: { requests: 2 },
      result: { levels: { available: 7, sold: 3 } },
    });
  });

  test("a repetition gets the first answer in one request, whichever process it meets", async () => {
    await shop.inventory.create(newItem("repeated", 10), actor);
    const first = await shop.ledger.move(sale("repeated", 4, "a"));
    await shop.ledger.move(sale("repeated", 1, "b"));
    for (const { ledger } of [shop, shop.process()]) {
      const again = await metered(() => ledger.move(sale("repeated", 4, "a")));
      expect(again.meter.requests).toBe(1);
      expect(again.result).toMatchObject({ replayed: true, levels: first.levels });
    }
    expect(await shop.inventory.get("repeated")).toMatchObject({ available: 5, sold: 5 });
  });

  test("a reference used for anything else changes nothing", async () => {
    await shop.inventory.create(newItem("reused", 10), actor);
    await shop.ledger.move(sale("reused", 1, "a"));
    for (const other of [
      sale("reused", 2, "a"),
      { ...sale("reused", 1, "a"), kind: "adjusted" as const },
      { ...sale("reused", 1, "a"), reason: "another" },
    ]) {
      await expect(shop.ledger.move(other)).rejects.toMatchObject({
        code: "IDEMPOTENCY_KEY_REUSED",
      });
    }
    expect(await shop.inventory.get("reused")).toMatchObject({ available: 9, sold: 1 });
  });

  test("no level goes below zero, and the refusal names the present one", async () => {
    await shop.inventory.create(newItem("low", 2), actor);
    for (const move of [
      sale("low", 3, "a"),
      { ...sale("low", 1, "b"), kind: "returned" as const },
      { ...sale("low", -3, "c"), kind: "adjusted" as const },
    ]) {
      await expect(shop.ledger.move(move)).rejects.toMatchObject({
        code: "INSUFFICIENT_STOCK",
        fields: { available: 2 },
      });
    }
    await expect(shop.ledger.move(sale("nothing", 1, "a"))).rejects.toMatchObject({
      code: "ITEM_NOT_FOUND",
    });
  });

  test("the conservation law holds through every kind of movement", async () => {
    await shop.inventory.create(newItem("law", 10), actor);
    await shop.ledger.move(sale("law", 4, "a"));
    await shop.ledger.move({ ...sale("law", 3, "b"), kind: "returned" });
    await shop.ledger.move({ ...sale("law", -2, "c"), kind: "adjusted" });
    const { levels } = await shop.ledger.move({ ...sale("law", 5, "d"), kind: "adjusted" });
    expect(levels).toEqual({ available: 12, held: 0, sold: 1, received: 10, adjusted: 3 });
    const { rows } = await shop.inventory.movements("law", { limit: 10 });
    expect(rows.map(({ kind }) => kind).toSorted()).toEqual(
      ["received", "sold", "returned", "adjusted", "adjusted"].toSorted(),
    );
  });

  test("expired holds do not stand in the way of a sale, live ones do", async () => {
    await shop.inventory.create(newItem("held", 2), actor);
    const hold = (orderId: string, expiresAtMs: number) =>
      holdWrite({
        itemId: "held",
        orderId,
        quantity: 1,
        nowMs,
        expiresAtMs: epochMs(expiresAtMs),
        note: changeNote("hold.placed", actor, nowMs),
      });
    const inSeconds = (seconds: number) => bucketEndMs(bucketKey(nowMs + seconds * 1_000));
    const [firstMs, secondMs] = [inSeconds(1), inSeconds(9)];
    await shop.database.transact([hold("o1", firstMs)]);
    await shop.database.transact([hold("o2", secondMs)]);
    await expect(shop.ledger.move(sale("held", 1, "a"))).rejects.toMatchObject({
      code: "INSUFFICIENT_STOCK",
    });
    nowMs = firstMs;
    const { levels } = await shop.ledger.move(sale("held", 1, "a"));
    expect(levels).toMatchObject({ available: 0, held: 1, sold: 1 });
  });
});
