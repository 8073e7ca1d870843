/** React's hooks in a real tab of Chromium, against the real thing: taken once, told when lost, given back when gone. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, createClient } from "../../../client/index.ts";
import { hasChromium, launchChromium } from "../../support/chromium.ts";
import { openReactTab, type ReactTab } from "../../support/react-tab.ts";
import { startUnsweptServer } from "../../support/shop-for-file.ts";

const inTime = { timeout: 20_000 };

describe.skipIf(!hasChromium)("hooks", () => {
  let browser: Browser;
  let tab: ReactTab;
  let [bob, admin, rita] = [] as unknown as [Client, Client, Client];

  beforeAll(async () => {
    const server = await startUnsweptServer();
    const clientOf = (user: string, groups: string[] = []) =>
      createClient({ baseUrl: server.url, token: () => server.token(user, groups) });
    [bob, admin, rita] = [clientOf("bob"), clientOf("root", ["admin"]), clientOf("rita")];
    browser = await launchChromium();
    tab = await openReactTab(browser, { url: server.url, token: await server.token("rita") });
  });

  afterAll(async () => {
    await browser?.close();
  });

  const read = (id: string, what: string) => tab.page.locator(id).getAttribute(`data-${what}`);
  const until = async (id: string, what: string, value: string): Promise<void> => {
    await expect.poll(() => read(id, what), inTime).toBe(value);
  };
  const press = (selector: string) => tab.page.locator(selector).click();

  test("a document is taken once in StrictMode, saved, told when lost, and given back", async () => {
    const docId = "react/1";
    const isLocked = async () => (await bob.getLockStatus({ params: { docId } })).isLocked;
    await tab.wish({ docId });
    await until("#editor", "state", "held");
    expect(tab.countAsked("/api/documents/edit")).toBe(1);
    expect(tab.countAsked("/api/lock/release")).toBe(0);
    await press("#editor .save");
    const content = async () => (await rita.getDocument({ params: { docId } })).content;
    await expect.poll(content, inTime).toEqual({ text: "saved" });

    await admin.forceReleaseLock({ body: { docId } });
    const taken = await bob.documents.edit(docId);
    await until("#editor", "state", "lost");
    await press("#editor .again");
    await until("#editor", "state", "refused");
    expect(await read("#editor", "owner")).toBe("bob");
    await taken.close();
    await press("#editor .again");
    await until("#editor", "state", "held");

    // Another document in its place: the first is given back.
    await tab.wish({ docId: "react/2" });
    await expect.poll(isLocked, inTime).toBe(false);
    await until("#editor", "state", "held");
    await tab.wish({});
    const params = { docId: "react/2" };
    const second = async () => (await bob.getLockStatus({ params })).isLocked;
    await expect.poll(second, inTime).toBe(false);
    // Gone and back at once: it waits for its own release, and is not refused by itself.
    await tab.page.evaluate((wanted) => {
      globalThis.wish({ docId: wanted });
      setTimeout(() => globalThis.wish({}), 0);
      setTimeout(() => globalThis.wish({ docId: wanted }), 1);
    }, docId);
    await until("#editor", "state", "held");
    await tab.wish({});
    await expect.poll(isLocked, inTime).toBe(false);
  });

  test("a named lock outlives its lease, is told when lost, and is given back", async () => {
    const [till, sessionId] = ["react/till", "bob's"];
    const status = async () => (await bob.getNameStatus({ query: { name: till } })).lockInfo;
    await tab.wish({ till });
    await until("#till", "state", "held");
    expect(tab.countAsked("/locks/acquire")).toBe(1);
    const granted = await status();
    const renewed = async () => ((await status())?.expiresAtMs ?? 0) > granted!.expiresAtMs;
    await expect.poll(renewed, inTime).toBe(true);
    await tab.wish({});
    await expect.poll(status, inTime).toBeNull();

    await bob.acquireNames({ body: { names: [till], sessionId } });
    await tab.wish({ till });
    await until("#till", "state", "refused");
    expect(await read("#till", "owner")).toBe("bob");
    await bob.releaseNames({ body: { names: [till], sessionId } });
    await press("#till .again");
    await until("#till", "state", "held");
    // Its own user in another tab ends it: the next heartbeat tells.
    const own = (await status())!.sessionId!;
    await rita.releaseNames({ body: { names: [till], sessionId: own } });
    await until("#till", "state", "lost");
    await tab.wish({});
  });

  test("a cart shows its own edits, and what is put into it elsewhere", async () => {
    const itemId = "react-chair";
    const price = { amountMinor: 4_500, currency: "EUR" };
    const item = { itemId, name: "Chair", kind: "Retail", quantity: 10 };
    await admin.createItem({ body: { ...item, price } });
    await tab.wish({ itemId });
    await until("#basket", "count", "0");
    await press("#basket .add");
    await until("#basket", "count", "1");
    const params = { userId: "me", sessionId: "default", instance: "default" };
    await rita.addCartItem({ params, body: { itemId, quantity: 2 } });
    await until("#basket", "count", "3");
    await tab.wish({ itemId, instance: "later" });
    await until("#basket", "count", "0");
    await tab.wish({ itemId });
    await until("#basket", "count", "3");
    await tab.wish({});
    expect(tab.faults).toEqual([]);
  });
});
