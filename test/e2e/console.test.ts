/** The operator's console in a real Chromium: whatever is edited there, found there, and what a token without rights sees. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { hasChromium } from "../support/chromium.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { expectUsable, refusedWith, watchPages } from "../support/watched-pages.ts";

let server: TestServer;
const root = { as: "root", groups: ["admin"] };

beforeAll(async () => {
  server = await startServer({ playsProviders: true, context: { learnedHolds: "apply" } });
});

afterAll(async () => {
  await server?.stop();
});

// The browser itself notes every answer that is a refusal: whoever asks for one says so.
const { open, complaints } = watchPages(() => [server.url], /^$/);

async function createItem(itemId: string, quantity: number): Promise<void> {
  const price = { amountMinor: 4_900, currency: "EUR" };
  const body = { itemId, name: itemId, kind: "Retail", price, quantity };
  expect((await server.call("POST /items", { ...root, body })).status).toBe(201);
}

/** An order of the sandbox, paid. */
async function placePaid(userId: string, itemId: string, quantity: number): Promise<string> {
  const placed = await server.call(`POST /order/${userId}`, {
    as: userId,
    headers: { "idempotency-key": `${userId}-${itemId}` },
    body: { items: [{ itemId, quantity }], paymentMethod: "sandbox" },
  });
  const { orderId } = placed.body;
  const started = await server.call("POST /payments/initiate", { as: userId, body: { orderId } });
  const { transactionId } = started.body;
  await server.call("POST /sandbox/pay", {
    as: userId,
    body: { transactionId, outcome: "success" },
  });
  return orderId;
}

const seen = async (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).first().waitFor({ timeout: 20_000 });
const dialogOn = (page: Page) => page.getByRole("dialog");

async function find(page: Page, what: string): Promise<void> {
  await page.getByRole("searchbox").fill(what);
  await page.getByRole("button", { name: "Open", exact: true }).click();
}

/** Whether a plot has a line that is neither black, white nor grey. */
const isDrawnInColour = `(() => {
  const canvas = document.querySelector(".plot canvas");
  if (!canvas) return false;
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  for (let at = 0; at < data.length; at += 4) {
    const [red, green, blue, alpha] = data.slice(at, at + 4);
    if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 60) return true;
  }
  return false;
})()`;

describe.runIf(hasChromium)("an operator", () => {
  test("makes an item, is told which field is wrong, and changes its price and nothing else @long", async () => {
    const page = await open("/console", {}, refusedWith(400));
    await page.getByRole("button", { name: "New item…" }).click();
    const dialog = dialogOn(page);
    // Where the keyboard is, without a click.
    await page.keyboard.type("a-chair");
    await dialog.getByLabel("Name").fill("A chair");
    await dialog.getByLabel("Price").fill("49.999");
    await dialog.getByLabel("Units in stock").fill("5");
    await dialog.getByLabel("Sold from so many rows").fill("0");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await dialog.getByText("must be an amount such as 49.00").waitFor();
    expect(await dialog.getByLabel("Price").getAttribute("aria-invalid")).toBe("true");
    await dialog.getByLabel("Price").fill("49.00");
    await dialog.getByRole("button", { name: "Make it" }).click();
    const shards = dialog.getByLabel("Sold from so many rows");
    await expect.poll(() => shards.getAttribute("aria-invalid")).toBe("true");
    await expectUsable(page);
    await shards.fill("");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await seen(page, "a-chair is made, with 5 units.");
    await page.getByRole("button", { name: "Change a-chair" }).click();
    await dialog.getByLabel("Price").fill("45.00");
    // Somebody else changes something else meanwhile: it stays.
    const body = { name: "Our chair" };
    await server.call("PATCH /items/a-chair", { ...root, body });
    await dialog.getByRole("button", { name: "Change it" }).click();
    await seen(page, "a-chair is changed: price.");
    const { body: item } = await server.call("GET /items/a-chair");
    expect(item).toMatchObject({ name: "Our chair", price: { amountMinor: 4_500 } });
  });

  test("does not overwrite what somebody else has set since the form was opened @long", async () => {
    await createItem("b-contested", 1);
    const page = await open("/console");
    await page.getByRole("button", { name: "Change b-contested" }).click();
    const dialog = dialogOn(page);
    const body = { price: { amountMinor: 100, currency: "EUR" } };
    await server.call("PATCH /items/b-contested", { ...root, body });
    await dialog.getByLabel("Price").fill("200.00");
    await dialog.getByRole("button", { name: "Change it" }).click();
    await dialog.getByText("Somebody else has changed price meanwhile").waitFor();
    const { body: item } = await server.call("GET /items/b-contested");
    expect(item.price).toEqual(body.price);
    await page.keyboard.press("Escape");
    await dialog.waitFor({ state: "hidden" });
    const focused = await page.evaluate("document.activeElement?.getAttribute('aria-label')");
    expect(focused).toBe("Change b-contested");
  });

  test("counts stock anew, withdraws an item and brings it back @long", async () => {
    await createItem("c-counted", 3);
    const page = await open("/console?subject=item/c-counted");
    const card = page.getByRole("article", { name: "Item c-counted" });
    await card.getByRole("button", { name: "Stock…" }).click();
    const dialog = dialogOn(page);
    await dialog.getByLabel("More or fewer units").fill("-1");
    await dialog.getByLabel("Reason").fill("broken");
    await dialog.getByLabel("Reference").fill("count-1");
    await dialog.getByRole("button", { name: "Write it down" }).click();
    await seen(page, "c-counted has 2 free units now.");
    await card.getByText("adjusted -1 as count-1 by root: broken").waitFor();
    await card.getByRole("button", { name: "Withdraw…" }).click();
    await dialog.getByRole("button", { name: "Withdraw it" }).click();
    await card.getByRole("button", { name: "Bring it back" }).click();
    await seen(page, "c-counted is in the shop again.");
    expect((await server.call("GET /items/c-counted")).body.archived).toBeUndefined();
  });

  test("makes a promotion, changes, ends and deletes it @long", async () => {
    const page = await open("/console", {}, refusedWith(400, 404));
    const panel = page.getByRole("region", { name: "Promotions" });
    await panel.getByRole("button", { name: "New promotion…" }).click();
    const dialog = dialogOn(page);
    await dialog.getByRole("textbox", { name: "Code" }).fill("SUMMER");
    await dialog.getByLabel("Name").fill("Summer sale");
    await dialog.getByLabel("Value").fill("ten");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await dialog.getByText("must be a sign and per cent").waitFor();
    await expectUsable(page);
    await dialog.getByLabel("Value").fill("-10%");
    await dialog.getByRole("button", { name: "Make it" }).click();
    await panel.getByText("on, by its code").waitFor();
    await panel.getByRole("button", { name: "Change SUMMER" }).click();
    await dialog.getByLabel("Most uses", { exact: false }).first().fill("500");
    await dialog.getByRole("button", { name: "Change it" }).click();
    await seen(page, "The promotion SUMMER is changed.");
    await panel.getByRole("button", { name: "End SUMMER" }).click();
    await dialog.getByRole("button", { name: "End it" }).click();
    await panel.getByText("off", { exact: true }).waitFor();
    const { body } = await server.call("GET /promotions/SUMMER", root);
    expect(body).toMatchObject({ active: false, value: "-10%", maxUses: 500 });
    await panel.getByRole("button", { name: "Delete SUMMER" }).click();
    await dialog.getByRole("button", { name: "Delete it" }).click();
    await seen(page, "There is no promotion.");
  });

  test("sends an order in part, takes back a line, pays back a part, and sees it all in one story @long", async () => {
    await createItem("d-order", 5);
    const orderId = await placePaid("dora", "d-order", 3);
    const page = await open("/console");
    await find(page, orderId);
    const card = page.getByRole("article", { name: `Order ${orderId}` });
    await card.getByText("paid", { exact: true }).waitFor();
    await card.getByText(/^Units held for \d+ s, .*No hold time has been learned yet\.$/).waitFor();
    await card.getByRole("button", { name: "Send…" }).click();
    const dialog = dialogOn(page);
    await dialog.getByLabel("Units of d-order").fill("2");
    await dialog.getByLabel("How to follow it").fill("RR1");
    await expectUsable(page);
    await dialog.getByRole("button", { name: "It was sent" }).click();
    await card.getByText(/Sent as parcel-1: 2 × .*RR1/).waitFor();
    await card.getByRole("button", { name: "Pay back or take back…" }).click();
    await dialog.getByLabel("What goes back").selectOption("lines that come back");
    await dialog.getByLabel("Units of d-order").fill("1");
    await dialog.getByLabel("What comes back can be sold again").check();
    await dialog.getByLabel("Reason").fill("too small");
    await expectUsable(page);
    await dialog.getByRole("button", { name: "Pay it back" }).click();
    await card.getByText("€49.00 went back: too small").waitFor({ timeout: 20_000 });
    await card.getByText("1 back").waitFor();
    await card.getByRole("button", { name: "Pay back or take back…" }).click();
    await dialog.getByLabel("What goes back").selectOption("an amount");
    await dialog.getByLabel("Amount in EUR").fill("9.50");
    await dialog.getByLabel("Reason").fill("a scratch");
    await dialog.getByRole("button", { name: "Pay it back" }).click();
    await card.getByText("€9.50 went back: a scratch").waitFor({ timeout: 20_000 });
    const story = page.getByRole("region", { name: "History" }).locator(".story");
    await story.getByText(/order\.fulfilled by root/).waitFor();
    await story.getByText(/event order\.fulfilled left as an event/).waitFor({ timeout: 30_000 });
    const { body: item } = await server.call("GET /items/d-order");
    expect(item).toMatchObject({ available: 3, sold: 2 });
  });

  test("finds an order by its id and by its user, an item, a document, a request, or is told that nothing is there @long", async () => {
    await createItem("e-found", 5);
    const first = await placePaid("emil", "e-found", 1);
    const { headers } = await server.call(`POST /order/emil`, {
      as: "emil",
      headers: { "idempotency-key": "second" },
      body: { items: [{ itemId: "e-found", quantity: 1 }], paymentMethod: "sandbox" },
    });
    await server.call("POST /api/documents/e-plan/edit", { ...root, body: {} });
    const page = await open("/console", {}, refusedWith(404));
    const history = page.getByRole("region", { name: "History" });
    await find(page, first);
    await history.getByRole("article", { name: `Order ${first}` }).waitFor();
    await find(page, "emil");
    await history.getByRole("button", { name: `Order ${first} of emil, paid` }).click();
    await history.getByRole("article", { name: `Order ${first}` }).waitFor();
    await find(page, "e-found");
    await history.getByRole("article", { name: "Item e-found" }).waitFor();
    await history.getByText("1 by emil").waitFor();
    await expect
      .poll(async () => {
        await find(page, "e-plan");
        return history.getByRole("heading", { name: "lock/document/e-plan" }).count();
      })
      .toBe(1);
    await find(page, headers.get("x-request-id")!);
    await history.getByRole("article").waitFor();
    await find(page, "nobody-knows-it");
    await seen(page, /Nothing found by nobody-knows-it: .*correlation_id/);
    await expectUsable(page);
  });

  test("makes an endpoint whose secret is shown once, pauses it, sees what it was told, and deletes it @long", async () => {
    const receiver = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(200).end());
    });
    await new Promise<void>((settle) => receiver.listen(0, "127.0.0.1", settle));
    const { port } = receiver.address() as AddressInfo;
    const page = await open("/console", {}, refusedWith(400));
    const panel = page.getByRole("region", { name: "Webhooks" });
    await panel.getByRole("button", { name: "New endpoint…" }).click();
    const dialog = dialogOn(page);
    await dialog.getByLabel("Name").fill("erp");
    await dialog.getByLabel("Address").fill("not an address");
    await dialog.getByLabel("order.placed").check();
    await dialog.getByRole("button", { name: "Make it" }).click();
    const address = dialog.getByLabel("Address");
    await expect.poll(() => address.getAttribute("aria-invalid")).toBe("true");
    await expectUsable(page);
    await address.fill(`http://127.0.0.1:${port}/`);
    await dialog.getByRole("button", { name: "Make it" }).click();
    const secret = dialog.getByLabel("Secret", { exact: true });
    const first = await secret.inputValue();
    expect(first).toMatch(/^whsec_/);
    await expectUsable(page);
    await dialog.getByRole("button", { name: "I have kept it" }).click();
    const row = panel.getByRole("row").filter({ hasText: "erp" });
    await row.getByRole("button", { name: "Send erp a test event" }).click();
    await seen(page, "erp took a test event.");
    await createItem("f-told", 1);
    const orderId = await placePaid("fritz", "f-told", 1);
    await row.getByRole("button", { name: "Deliveries to erp" }).click();
    await dialog.getByText(/order\.placed, delivered/).waitFor({ timeout: 60_000 });
    await expectUsable(page);
    await dialog.getByRole("button", { name: `Try now order.placed of order/${orderId}` }).click();
    await dialog.getByText(/order\.placed to erp: delivered after 2 tries/).waitFor();
    await dialog.getByRole("button", { name: `order/${orderId}`, exact: true }).click();
    const story = page.getByRole("region", { name: "History" }).locator(".story");
    await story.getByText(/delivery order\.placed to erp, delivered/).waitFor({ timeout: 30_000 });
    await row.getByRole("button", { name: "Pause erp" }).click();
    await row.getByText("off, what happens waits").waitFor();
    await row.getByRole("button", { name: "Tell erp again" }).click();
    await row.getByText("told", { exact: true }).waitFor();
    await row.getByRole("button", { name: "A new secret for erp" }).click();
    await dialog.getByRole("button", { name: "Make a new secret" }).click();
    await seen(page, "The secret of erp");
    expect(await secret.inputValue()).not.toBe(first);
    await page.keyboard.press("Escape");
    await row.getByRole("button", { name: "Delete erp" }).click();
    await dialog.getByRole("button", { name: "Delete it" }).click();
    await seen(page, "No endpoint is told what happens.");
    receiver.close();
  });

  test("checks all stock, and ends everything only by the exact words @long", async () => {
    const page = await open("/console", {}, refusedWith(400));
    await page.getByRole("button", { name: "Check all stock" }).click();
    await seen(page, /\d+ items checked, 0 do not add up\./);
    await page.getByRole("button", { name: "End everything…" }).click();
    const dialog = dialogOn(page);
    await dialog.getByText(/It would end now: /).waitFor();
    await dialog.getByLabel("Type: clear all locks").fill("yes");
    await dialog.getByLabel("Reason").fill("moving");
    await dialog.getByRole("button", { name: "End all of them" }).click();
    await dialog.locator(".problem").waitFor();
    await dialog.getByLabel("Type: clear all locks").fill("clear all locks");
    await dialog.getByRole("button", { name: "End all of them" }).click();
    await seen(page, /\d+ locks and \d+ orders have ended\./);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  test("erases a person only when the name was typed twice @long", async () => {
    const page = await open("/console");
    await page.getByRole("button", { name: "Erase a person…" }).click();
    const dialog = dialogOn(page);
    await dialog.getByLabel("User", { exact: true }).fill("gone");
    await dialog.getByLabel("The same user once more").fill("gnoe");
    await dialog.getByRole("button", { name: "Erase them" }).click();
    await dialog.getByText("is not the same user").waitFor();
    await dialog.getByLabel("The same user once more").fill("gone");
    await dialog.getByRole("button", { name: "Erase them" }).click();
    await seen(page, /gone is erased: /);
    expect(await page.getByRole("dialog").count()).toBe(0);
  });

  test("whoever is no administrator is told so by every panel, and sees no data @long", async () => {
    await createItem("h-hidden", 1);
    const orderId = await placePaid("hugo", "h-hidden", 1);
    // The same page with a token of no group: what it may is up to the API alone.
    const page = await open("/", {}, refusedWith(403, 404));
    await page.route("**/_local/token?*", (route) => {
      const url = new URL(route.request().url());
      url.searchParams.delete("groups");
      return route.continue({ url: url.href });
    });
    await page.goto(`${server.url}/console?subject=order/${orderId}`);
    for (const name of ["Now", "Locks", "Promotions", "Webhooks", "History"]) {
      const region = page.getByRole("region", { name });
      await region.locator(".problem").first().waitFor();
      expect(await region.locator(".problem").first().textContent()).toMatch(
        // Of somebody else's order not even that it is there.
        name === "History" ? /^There is no such order/ : /administrators/,
      );
    }
    const said = await page.locator("main").textContent();
    expect(said).not.toContain("hugo");
    expect(said).not.toMatch(/Nothing is locked|There is no promotion|No endpoint is told/);
    await page.getByRole("button", { name: "Check all stock" }).click();
    await page.locator(".notice.problem").waitFor();
  });

  test("is never told that nothing is owed or ordered before the answer has come @long", async () => {
    const page = await open("/", {}, refusedWith(503));
    let answer = (): void => undefined;
    const asked = new Promise<void>((resolve) => (answer = resolve));
    await page.route(/\/orders\?/, async (route) => {
      await asked;
      await route.fulfill({ status: 503, json: { title: "Try again", code: "TRY_AGAIN" } });
    });
    await page.goto(`${server.url}/console`);
    const money = page.getByRole("region", { name: "Money" });
    // By then all other lists have come.
    await page.getByRole("region", { name: "Items" }).locator("tbody tr").first().waitFor();
    expect(await money.textContent()).not.toContain("No refund is due");
    answer();
    await money.locator(".problem").waitFor({ timeout: 60_000 });
    const said = await page.locator("main").textContent();
    expect(said).not.toMatch(/No refund is due|No order yet/);
  });

  test.each(["light", "dark"] as const)(
    "works on a phone in %s colours, with a form open @long",
    async (colorScheme) => {
      const viewport = { width: 390, height: 844 };
      const page = await open("/console", { viewport, colorScheme });
      await expectUsable(page);
      await expect.poll(() => page.evaluate<boolean>(isDrawnInColour)).toBe(true);
      for (const name of ["New item…", "New promotion…", "New endpoint…"]) {
        await page.getByRole("button", { name }).click();
        await dialogOn(page).waitFor();
        await expectUsable(page);
        await page.keyboard.press("Escape");
        expect(await page.getByRole("dialog").count()).toBe(0);
      }
    },
  );

  test("nothing was said as an error, and nobody else was asked", () => {
    expect(complaints).toEqual([]);
  });
});
