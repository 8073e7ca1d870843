/** The pages for people in a real Chromium: the first page, the shop, the console. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import type { Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createClient } from "../../client/index.ts";
import { connectLive } from "../../client/live.ts";
import { hasChromium } from "../support/chromium.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { expectUsable, refusedWith, watchPages } from "../support/watched-pages.ts";

let server: TestServer;

beforeAll(async () => {
  server = await startServer({ playsProviders: true });
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

const seen = async (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).first().waitFor({ timeout: 20_000 });
const card = (page: Page, name: string) => page.locator(".card").filter({ hasText: name });

describe.runIf(hasChromium)("in a browser", () => {
  test("the first page says what runs, leads everywhere, and fills the shop with one click", async () => {
    const page = await open("/");
    await seen(page, /\d\d functions and \d+ tables run on this machine/);
    for (const name of ["Console", "Shop", "Editor", "Docs"]) {
      const href = await page.getByRole("link", { name, exact: true }).first().getAttribute("href");
      expect((await fetch(server.url + href)).status, name).toBe(200);
    }
    await page.getByRole("button", { name: "Add sample items" }).click();
    await seen(page, "5 items are in the shop.");
    await page.getByRole("button", { name: "Add sample items" }).click();
    await seen(page, "The samples are there already.");
    await page.getByRole("link", { name: "Shop", exact: true }).first().click();
    await seen(page, "The only lamp");
  });

  test("two shoppers want the last unit: both see what happens, and one waits for the other @long", async () => {
    await createItem("a-last-one", 1);
    const [ada, bob] = await Promise.all([open("/shop?as=ada"), open("/shop?as=bob")]);
    for (const page of [ada, bob]) {
      await card(page, "a-last-one").getByRole("button", { name: "Add to cart" }).click();
      await seen(page, "1 × a-last-one");
    }
    await ada.getByRole("button", { name: "Order", exact: true }).click();
    await seen(ada, /Held for you for \d+:\d\d/);
    // Nobody reloads anything.
    await card(bob, "a-last-one").getByText("Sold out for now").waitFor();
    await bob.getByRole("button", { name: "Order", exact: true }).click();
    await seen(bob, /a-last-one: (?:there are not as many|somebody else has it in an order)/);
    await card(bob, "a-last-one").getByRole("button", { name: "Wait in line" }).click();
    await seen(bob, "You are next");
    await ada.getByRole("button", { name: "Cancel" }).click();
    await seen(ada, "Cancelled; everything was let go.");
    await seen(bob, /It is your turn: held for you for/);
    await bob.getByRole("button", { name: "Order it" }).click();
    await bob.getByRole("button", { name: "Pay", exact: true }).click();
    await seen(bob, "Paid. It is yours.");
    const forAda = () => card(ada, "a-last-one").textContent();
    await expect.poll(forAda, { timeout: 20_000 }).toContain("Sold out for now");
  });

  test("an operator ends a lock with a reason, and whoever edits hears of it at once", async () => {
    const alice = createClient({ baseUrl: server.url, token: () => server.token("alice") });
    const live = connectLive(alice, { page: undefined });
    const session = await alice.documents.edit("report", { ttl: 300 });
    const heard: unknown[] = [];
    live.follow("lock/document/report", (message) => heard.push(message?.type));
    const page = await open("/console");
    const row = page.getByRole("row").filter({ hasText: "document/report" });
    await row.getByRole("button", { name: "End…" }).click();
    await seen(page, /loses the right to save .*report/);
    await row.getByLabel("Reason").fill("on holiday");
    await row.getByRole("button", { name: "End it" }).click();
    await seen(page, "Ended, with your reason on record.");
    await expect.poll(() => heard).toContain("lock.forced");
    await row.waitFor({ state: "detached" });
    await page.getByLabel("Of an order, an item or a lock").fill("lock/document/report");
    await page.getByRole("button", { name: "Open", exact: true }).click();
    await seen(page, /by root: on holiday/);
    await session.close().catch(() => undefined);
    live.close();
  });

  test("an order is in sight of the operator, from its hold to its history @long", async () => {
    await createItem("b-seen", 3);
    const page = await open("/console");
    const placed = await server.call("POST /order/carol", {
      as: "carol",
      headers: { "idempotency-key": "seen" },
      body: { items: [{ itemId: "b-seen", quantity: 2 }], paymentMethod: "sandbox" },
    });
    const { orderId } = placed.body;
    const order = page.getByRole("row").filter({ hasText: orderId });
    await order.getByText("pending").waitFor();
    const item = page
      .getByRole("region", { name: "Items" })
      .getByRole("row")
      .filter({ hasText: "b-seen" });
    await expect
      .poll(() => item.getByRole("cell").allTextContents())
      .toEqual(["1", "2", "0", "1", expect.anything()]);
    const hold = page
      .getByRole("region", { name: "Locks" })
      .getByRole("row")
      .filter({ hasText: "b-seen" });
    await hold.getByRole("button", { name: "End…" }).click();
    await hold.getByLabel("Reason").fill("called us");
    await hold.getByRole("button", { name: "End it" }).click();
    await order.getByText("cancelled").waitFor();
    await order.getByRole("button", { name: orderId }).click();
    await seen(page, /order\.cancelled by root: called us/);
  });

  test("money that is owed is in sight, is asked for once more, and is gone @long", async () => {
    await createItem("c-owed", 1);
    const body = { items: [{ itemId: "c-owed", quantity: 1 }], paymentMethod: "stripe" };
    const headers = { "idempotency-key": "owed" };
    const placed = await server.call("POST /order/dora", { as: "dora", headers, body });
    const { orderId, totalMinor, currency } = placed.body;
    await server.call("POST /payments/initiate", { as: "dora", body: { orderId } });
    const [{ id } = { id: "" }] = server.desk!.list(orderId);
    await server.desk!.act("stripe", id, { action: "pay" });
    server.desk!.disturb(({ method }) => (method === "POST" ? "error" : undefined));
    const wish = { as: "root", groups: ["admin"], body: { reason: "damaged" } };
    await server.call(`POST /payments/${orderId}/refund`, wish);
    const page = await open("/console");
    const owed = page.getByRole("region", { name: "Money" }).getByRole("listitem");
    const due = owed.filter({ hasText: orderId });
    await due.getByText(/€49\.00, due/).waitFor();
    await due.getByRole("button", { name: "Paid otherwise…" }).click();
    await due.getByLabel("How did €49.00 go back?").fill("in cash");
    await due.getByRole("button", { name: "It is still owed" }).click();
    server.desk!.disturb(() => undefined);
    await due.getByRole("button", { name: "Ask again" }).click();
    await due.waitFor({ state: "detached" });
    const order = await server.call(`GET /orders/${orderId}`, { as: "dora" });
    expect(order.body).toMatchObject({ status: "refunded", totalMinor, currency });
  });

  test("an endpoint that is gone stands paused in front of the operator, who lets it go on @long", async () => {
    let status = 410;
    const receiver = createServer((request, response) => {
      request.resume().on("end", () => response.writeHead(status).end());
    });
    await new Promise<void>((settle) => receiver.listen(0, "127.0.0.1", settle));
    const { port } = receiver.address() as AddressInfo;
    const [as, groups] = ["root", ["admin"]];
    const body = { url: `http://127.0.0.1:${port}/`, types: ["lock.acquired"] };
    await server.call("PUT /admin/webhooks/crm", { as, groups, body });
    const page = await open("/console");
    const row = page.getByRole("row").filter({ hasText: "crm" });
    await row.getByText("told").waitFor();
    await row.getByRole("button", { name: "Send crm a test event" }).click();
    await seen(page, "crm took nothing: it answered 410.");
    await server.call("POST /api/documents/told/edit", { as, groups, body: {} });
    await row.getByText(/^paused since .*: Answered 410$/).waitFor({ timeout: 60_000 });
    await page.setViewportSize({ width: 390, height: 844 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBeLessThanOrEqual(390);
    status = 200;
    await row.getByRole("button", { name: "Tell crm again" }).click();
    await seen(page, "crm is told again what it missed.");
    await row.getByText("told", { exact: true }).waitFor();
    await server.call("DELETE /admin/webhooks/crm", { as, groups });
    await seen(page, "No endpoint is told what happens.");
    receiver.close();
  });

  test.each(["/", "/shop", "/shop?two", "/console"])(
    "%s can be used by everybody: no serious finding, no sideways scrolling, light and dark @long",
    async (path) => {
      for (const colorScheme of ["light", "dark"] as const) {
        const viewport = { width: 390, height: 844 };
        const page = await open(path, { viewport, colorScheme });
        await page.getByRole("banner").first().waitFor();
        await expectUsable(page);
        await page.context().close();
      }
    },
  );

  test("no page said an error or asked anybody else", () => {
    expect(complaints).toEqual([]);
  });
});

test("a page runs nothing but what comes from its server, and nobody else may show it", async () => {
  const { headers } = await fetch(`${server.url}/console`);
  const policy = headers.get("content-security-policy")!;
  expect(policy).toContain("script-src 'self'");
  expect(policy).toContain("frame-ancestors 'self'");
  expect(policy).not.toContain("unsafe");
});
