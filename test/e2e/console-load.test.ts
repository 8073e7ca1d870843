/** The console beside ten thousand live holds and five thousand locks: what it draws, and what it asks for. */
import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, inject, test } from "vitest";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { fillTables } from "../support/crowded-shop.ts";
import { openWatched, type Watched } from "../support/page-watch.ts";
import { startServer, type TestServer } from "../support/server.ts";

const crowd = { holds: 10_000, locks: 5_000, items: 100 };
const context = { maxOpenOrders: "0", maxUnitsPerLine: "0", maxUnpaidOrders: "0", sweep: "off" };

let server: TestServer;
let browser: Browser;
let watched: Watched;

async function openCrowd(): Promise<void> {
  const tablePrefix = `t${randomUUID().slice(0, 8)}-`;
  await fillTables({ dynamoDbEndpoint: inject("dynamoDbEndpoint"), tablePrefix, context }, crowd);
  server = await startServer({ tablePrefix, context });
  browser = await launchChromium();
  watched = await openWatched(browser, `${server.url}/console`);
}

const order = (as: string, itemId: string) =>
  server.call("POST /order/me", {
    as,
    headers: { "idempotency-key": as },
    body: { items: [{ itemId, quantity: 1 }], paymentMethod: "sandbox" },
  });

const readFigure = (name: string): Promise<string | null> =>
  watched.page.locator(".figure").filter({ hasText: name }).first().locator("dd").textContent();
const region = (name: string) => watched.page.getByRole("region", { name });
const countElements = () => watched.page.evaluate<number>("document.querySelectorAll('*').length");

describe.runIf(hasChromium)("ten thousand holds and five thousand locks", () => {
  beforeAll(openCrowd, 600_000);
  afterAll(async () => {
    await browser?.close();
    await server?.stop();
  });

  test("are counted whole and shown a page of each list, holds beside locks @long", async () => {
    await expect.poll(() => readFigure("holds"), { timeout: 180_000 }).toBe("10001");
    expect(await readFigure("document locks")).toBe("2500");
    expect(await readFigure("other locks")).toBe("2500");
    for (const name of ["Locks", "Items"]) {
      await expect.poll(() => region(name).locator("tbody tr").count()).toBe(50);
    }
    const kinds = await region("Locks").locator("tbody tr td:nth-child(2)").allTextContents();
    expect(kinds.filter((kind) => kind === "item")).toHaveLength(25);
    expect(await countElements()).toBeLessThan(2_500);
  });

  test("cost a bounded number of requests each time that they are asked for @long", () => {
    const asked = watched.takeAsked();
    // 15,000 rows are 15 pages of counts and what is left; twice where something was told meanwhile.
    expect(asked.get("/admin/locks/stats")!.times).toBeGreaterThanOrEqual(15);
    expect(asked.get("/admin/locks/stats")!.times).toBeLessThanOrEqual(40);
    expect(asked.get("/admin/locks/stats")!.mostRequests).toBeLessThanOrEqual(90);
    expect(asked.get("/admin/locks")!.mostRequests).toBeLessThanOrEqual(18);
    expect(asked.get("/orders")!.mostRequests).toBeLessThanOrEqual(6);
    expect(asked.get("/items")!.mostRequests).toBeLessThanOrEqual(3);
  });

  test("stay as cheap while orders come in: each is in sight, no list grows, no page asks more often @long", async () => {
    const { page, takeAsked } = watched;
    const before = await countElements();
    takeAsked();
    const orders = 40;
    let last = "";
    const startedMs = performance.now();
    for (let nth = 0; nth < orders; nth += 1) {
      const itemId = `item-00${10 + nth}`;
      ({ orderId: last } = (await order(`buyer-${nth}`, itemId)).body);
    }
    await page.getByRole("row").filter({ hasText: last }).getByText("pending").waitFor();
    await pause(3_000);
    const seconds = (performance.now() - startedMs) / 1_000;
    const asked = takeAsked();
    const times = (path: string): number => asked.get(path)?.times ?? 0;
    // By the shortest time between two questions, and the one that was under way.
    expect(times("/items")).toBeLessThanOrEqual(seconds / 2 + 2);
    expect(times("/admin/locks")).toBeLessThanOrEqual(seconds / 10 + 2);
    expect(times("/orders")).toBeLessThanOrEqual(seconds / 2 + 2);
    expect(times("/admin/locks/stats")).toBeLessThanOrEqual(17 * (seconds / 60 + 1));
    expect(await countElements()).toBeLessThan(before + 200);
  });

  test("cost nothing while nobody looks @long", async () => {
    const hide = (isHidden: boolean) =>
      watched.page.evaluate(`
        Object.defineProperty(document, "hidden", { value: ${isHidden}, configurable: true });
        document.dispatchEvent(new Event("visibilitychange"));
      `);
    await hide(true);
    // Whoever counts counts to the end.
    const countAsked = async () => {
      watched.takeAsked();
      await pause(4_000);
      return watched.takeAsked().size;
    };
    await expect.poll(countAsked, { timeout: 120_000 }).toBe(0);
    await order("unseen", "item-0004");
    await pause(12_000);
    expect([...watched.takeAsked().keys()]).toEqual([]);
    await hide(false);
    await expect.poll(() => watched.takeAsked().has("/items")).toBe(true);
  });
});
