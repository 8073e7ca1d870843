/** The demo shop and the editor in a real Chromium: failed cards, late money, a flash sale, and the line for a document. */
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium } from "../support/chromium.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { expectUsable, refusedWith, watchPages } from "../support/watched-pages.ts";

let server: TestServer;

beforeAll(async () => {
  // Long enough to pay in time on a busy machine, and short enough to come late.
  server = await startServer({ context: { holdSeconds: "25", paymentSeconds: "25" } });
});

afterAll(async () => {
  await server?.stop();
});

const { open, complaints } = watchPages(() => [server.url], refusedWith(409));

async function createItem(itemId: string, quantity: number): Promise<void> {
  const price = { amountMinor: 4_900, currency: "EUR" };
  const body = { itemId, name: itemId, kind: "Retail", price, quantity };
  const { status } = await server.call("POST /items", { as: "root", groups: ["admin"], body });
  expect(status).toBe(201);
}

const seen = async (page: Page, text: string | RegExp, timeout = 30_000): Promise<void> =>
  page.getByText(text).first().waitFor({ timeout });
const press = (page: Page, name: string) => page.getByRole("button", { name, exact: true }).click();

async function order(page: Page, name: string): Promise<void> {
  const card = page.locator(".card").filter({ hasText: name });
  await card.getByRole("button", { name: "Add to cart" }).click();
  await seen(page, `1 × ${name}`);
  await press(page, "Order");
  await seen(page, /Held for you for \d+:\d\d/);
}

/** Presses Tab until the element has the focus: whoever has no mouse gets there. */
async function tabTo(page: Page, name: string): Promise<void> {
  for (let tabs = 0; tabs < 80; tabs += 1) {
    await page.keyboard.press("Tab");
    const focused = await page.evaluate("document.activeElement?.textContent?.trim()");
    if (focused === name) return;
  }
  throw new Error(`no Tab leads to ${name}`);
}

describe.runIf(hasChromium)("the shop", () => {
  test("a card fails, everything is let go, and a second try buys it @long", async () => {
    await createItem("a-second-try", 1);
    const page = await open("/shop?as=ada");
    await order(page, "a-second-try");
    await press(page, "Card fails");
    await seen(page, "The payment failed; everything was let go.");
    await press(page, "Try another card");
    await press(page, "Pay");
    await seen(page, "Paid. It is yours.");
    const { body } = await server.call("GET /items/a-second-try");
    expect(body).toMatchObject({ available: 0, held: 0, sold: 1 });
  });

  test("money that comes late for what another has bought goes back in sight @long", async () => {
    await createItem("b-late", 1);
    const [ada, bob] = await Promise.all([open("/shop?as=ada"), open("/shop?as=bob")]);
    await order(ada, "b-late");
    await press(ada, "Begin, and pay late");
    await ada.getByRole("button", { name: "Pay all the same" }).waitFor({ timeout: 90_000 });
    await order(bob, "b-late");
    await press(bob, "Pay");
    await seen(bob, "Paid. It is yours.");
    await press(ada, "Pay all the same");
    await seen(ada, "The money went back.");
    const { body } = await server.call("GET /items/b-late");
    expect(body).toMatchObject({ available: 0, held: 0, sold: 1 });
  });

  test("a code makes the cart cheaper, and one that there is not is refused with a reason @long", async () => {
    await createItem("c-cheaper", 5);
    const body = { name: "A tenth", type: "discount", target: "total", value: "-10%" };
    await server.call("PUT /promotions/TENTH", { as: "root", groups: ["admin"], body });
    const page = await open("/shop?as=carl");
    const card = page.locator(".card").filter({ hasText: "c-cheaper" });
    await card.getByRole("button", { name: "Add to cart" }).click();
    await page.getByLabel("Promotion code").fill("NOSUCH");
    await press(page, "Use it");
    await expect.poll(() => page.getByRole("status").first().textContent()).toMatch(/code/i);
    await page.getByLabel("Promotion code").fill("TENTH");
    await press(page, "Use it");
    await seen(page, "A tenth");
    await seen(page, "€44.10");
  });

  test("a flash sale runs to its end by keyboard, refuses a second one, and sells nothing twice @long", async () => {
    const page = await open("/shop?as=eve");
    await seen(page, "Flash sale");
    await tabTo(page, "Send the crowd");
    await page.keyboard.press("Enter");
    await page.getByRole("progressbar").waitFor();
    await page.keyboard.press("Enter");
    await seen(page, /A flash sale is under way, \d+ of 200 are answered/);
    await seen(
      page,
      "The sale is over: 40 of 40 units went to 200 shoppers, and none twice.",
      170_000,
    );
    const sale = page.getByRole("region", { name: "Flash sale" });
    const figures = await sale.locator(".figure").allTextContents();
    expect(figures).toEqual(
      expect.arrayContaining(["Sold40", "Refused160", "Without an answer0", "Oversold0"]),
    );
    expect(figures.find((text) => text.startsWith("Units a second"))).toMatch(/\d/);
    expect(figures).toContain("Broken promises0");
  });

  test("a flash sale takes no more than the shop can serve, and says so", async () => {
    const headers = { "content-type": "application/json" };
    for (const body of ['{"buyers":1001}', '{"units":0}', '{"buyers":"many"}']) {
      const url = `${server.url}/_local/flash-sale`;
      const answer = await fetch(url, { method: "POST", headers, body });
      expect(answer.status).toBe(400);
      const { message } = (await answer.json()) as { message: string };
      expect(message).toMatch(/^(?:buyers|units) is a whole number from 1 to 1000$/);
    }
  });
});

describe.runIf(hasChromium)("the editor", () => {
  test("Ben waits in line and asks, Ana hands over, Ben edits what she wrote @long", async () => {
    const page = await open("/_local/editor?doc=plan");
    const [ana, ben] = [page.locator("#ana"), page.locator("#ben")];
    await ana.getByRole("button", { name: "Edit", exact: true }).click();
    await ana.getByLabel("Text of the document").fill("from Ana");
    await ben.getByRole("button", { name: "Wait in line" }).click();
    await ben.getByText("You are next after Ana").waitFor();
    await ben.getByRole("button", { name: "Ask to let go" }).click();
    await ana.getByText("Ben asks you to let go").waitFor();
    await ana.getByRole("button", { name: "Hand over to Ben" }).click();
    await ben.getByText("Editing", { exact: true }).waitFor();
    expect(await ben.getByLabel("Text of the document").inputValue()).toBe("from Ana");
    await ben.getByLabel("Text of the document").fill("from Ana and Ben");
    await ben.getByRole("button", { name: "Save and close" }).click();
    await ana.getByRole("button", { name: "Edit", exact: true }).waitFor();
    const { body } = await server.call("GET /api/documents/plan", { as: "ana" });
    expect(body.content).toEqual({ text: "from Ana and Ben" });
  });

  test("who leaves the line waits no more, and nobody is there to hand over to @long", async () => {
    const page = await open("/_local/editor?doc=left");
    const [ana, ben] = [page.locator("#ana"), page.locator("#ben")];
    await ana.getByRole("button", { name: "Edit", exact: true }).click();
    await ben.getByRole("button", { name: "Wait in line" }).click();
    await ben.getByText("You are next after Ana").waitFor();
    // The button is there again before the line knows of it: until then Ana would hand over to him.
    const left = page.waitForResponse(
      (answer) =>
        answer.request().method() === "DELETE" && answer.url().includes("/api/lock/queue"),
    );
    await ben.getByRole("button", { name: "Leave the line" }).click();
    await left;
    await ben.getByRole("button", { name: "Wait in line" }).waitFor();
    await ana.getByRole("button", { name: "Hand over" }).click();
    await expect.poll(() => ana.locator(".log").textContent()).toContain("NOBODY_WAITS");
  });

  test("an operator ends a lock, and the editor in the other tab hears it within 2 s @long", async () => {
    const page = await open("/_local/editor?doc=forced");
    await page.selectOption("#lease", "300");
    const ana = page.locator("#ana");
    await ana.getByRole("button", { name: "Edit", exact: true }).click();
    await ana.getByText("Editing", { exact: true }).waitFor();
    // Its next heartbeat is a hundred seconds away: only a push can tell it.
    await expect.poll(() => server.sockets!.list().length).toBeGreaterThan(1);
    const operator = await open("/console");
    const row = operator.getByRole("row").filter({ hasText: "document/forced" });
    await row.getByRole("button", { name: "End…" }).click();
    await row.getByLabel("Reason").fill("left for the day");
    await row.getByRole("button", { name: "End it" }).click();
    await seen(operator, "Ended, with your reason on record.");
    const endedMs = Date.now();
    await ana.getByText("Lock lost").waitFor();
    expect(Date.now() - endedMs).toBeLessThan(2_000);
    await ana.getByText(/left for the day/).waitFor();
  });
});

describe.runIf(hasChromium)("everybody", () => {
  test.each(["/shop?as=frank", "/_local/editor?doc=seen"])(
    "can use %s: no serious finding, no sideways scrolling, light and dark @long",
    async (path) => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await open(path, { viewport: { width: 390, height: 844 }, colorScheme });
        await page.getByRole("button").first().waitFor();
        await expectUsable(page);
      }
    },
  );

  test("sees pages that said no error and asked nobody else", () => {
    expect(complaints).toEqual([]);
  });
});
