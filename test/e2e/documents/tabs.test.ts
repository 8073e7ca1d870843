/** The client in two real tabs of Chromium: saving and leaving, sleep, clocks, a lost network, hanging tokens. */
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { type Client, createClient } from "../../../client/index.ts";
import { hasChromium, launchChromium } from "../../support/chromium.ts";
import { type ClientTab, openTab } from "../../support/client-tab.ts";
import { effort } from "../../support/effort.ts";
import type { TestServer } from "../../support/server.ts";
import { startUnsweptServer } from "../../support/shop-for-file.ts";

const rounds = effort({ part: 2, all: 200 });
const latencyMs = 60;

let server: TestServer;
let browser: Browser;
let alice: Client;

beforeAll(async () => {
  if (!hasChromium) return;
  server = await startUnsweptServer();
  alice = createClient({ baseUrl: server.url, token: () => server.token("alice") });
  browser = await launchChromium();
});

afterAll(async () => {
  await browser?.close();
});

async function tabOf(user: string): Promise<ClientTab> {
  return openTab(browser, { url: server.url, token: await server.token(user), latencyMs });
}

const contentOf = async (docId: string): Promise<unknown> =>
  (await alice.getDocument({ params: { docId } })).content;

/** Edits as soon as the other tab has let go, and tells what it found. */
function edit({ page }: ClientTab, docId: string, ttl = 60): Promise<unknown> {
  return page.evaluate(
    async (wanted) => {
      const { client, told, holdfast } = globalThis.tab;
      for (;;) {
        try {
          globalThis.tab.session = await client.documents.edit(wanted.docId, {
            ttl: wanted.ttl,
            waitMs: 3_000,
          });
          break;
        } catch (error) {
          if (!holdfast.isProblem(error, "LOCK_TIMEOUT")) throw error;
        }
      }
      const { session } = globalThis.tab;
      for (const kind of ["lost", "unsure", "renewed"] as const) {
        session.on(kind, () => void told.push(kind));
      }
      return session.content;
    },
    { docId, ttl },
  );
}

const stateOf = ({ page }: ClientTab): Promise<string> =>
  page.evaluate(() => globalThis.tab.session.state);

describe.skipIf(!hasChromium)("two tabs of Chromium on a slow network", () => {
  test(
    `${rounds} times saved and closed or left at once, in turns: no save is lost`,
    async () => {
      const docId = "tabs/turns";
      const tabs = [await tabOf("ana"), await tabOf("ben")];
      for (let round = 0; round < rounds; round += 1) {
        const tab = tabs[round % 2]!;
        expect(await edit(tab, docId)).toEqual(round === 0 ? null : { round: round - 1 });
        const isLeaving = round % 4 > 1;
        await tab.page.evaluate(
          ([now, leave]) => {
            const { session } = globalThis.tab;
            // The second one waits in line when the tab closes or leaves; neither is waited for.
            session.save({ round: now, draft: true }).catch(() => undefined);
            session.save({ round: now }).catch(() => undefined);
            if (!leave) session.close().catch(() => undefined);
          },
          [round, isLeaving] as const,
        );
        if (isLeaving) await tab.open();
      }
      await expect.poll(() => contentOf(docId)).toEqual({ round: rounds - 1 });
      const free = async () => (await alice.getLockStatus({ params: { docId } })).isLocked;
      await expect.poll(free).toBe(false);
      for (const { page } of tabs) await page.close();
    },
    rounds * 12_000,
  );

  test("offline, a save fails; back online, closing saves it and gives the lock back @long", async () => {
    const docId = "tabs/offline";
    const tab = await tabOf("ana");
    await edit(tab, docId);
    await tab.setOffline(true);
    const code = await tab.page.evaluate(async () => {
      const { holdfast, session } = globalThis.tab;
      const error = await session.save("written offline").catch((failure: unknown) => failure);
      return error instanceof holdfast.ApiError ? error.code : error;
    });
    expect(code).toBe("NO_ANSWER");
    expect(await tab.page.evaluate(() => globalThis.tab.session.isSaved)).toBe(false);
    await tab.setOffline(false);
    await tab.page.evaluate(() => globalThis.tab.session.close());
    expect(await contentOf(docId)).toBe("written offline");
    expect(await alice.getLockStatus({ params: { docId } })).toMatchObject({ isLocked: false });
    await tab.page.close();
  });

  test("a token that hangs, or a clock set back: unsure at the end of the lease, held when it is mended @long", async () => {
    const tab = await tabOf("ana");
    await edit(tab, "tabs/token", 2);
    await tab.page.evaluate(() => void (globalThis.tab.isTokenHanging = true));
    await expect.poll(() => stateOf(tab), { timeout: 20_000 }).toBe("unsure");
    expect(await tab.page.evaluate(() => globalThis.tab.told)).toContain("unsure");
    // Nobody has taken the lock, but its lease is over: only the server can say so.
    const isLocked = async () =>
      (await alice.getLockStatus({ params: { docId: "tabs/token" } })).isLocked;
    await expect.poll(isLocked, { timeout: 20_000 }).toBe(false);
    await tab.page.evaluate(() => void (globalThis.tab.isTokenHanging = false));
    await expect.poll(() => stateOf(tab), { timeout: 20_000 }).toBe("lost");

    await edit(tab, "tabs/clock", 60);
    expect(await stateOf(tab)).toBe("held");
    await tab.page.evaluate(() => void (globalThis.tab.clockShiftMs = -2 * 3_600_000));
    expect(await stateOf(tab)).toBe("unsure");
    await tab.page.evaluate(
      () => void (globalThis as unknown as EventTarget).dispatchEvent(new Event("focus")),
    );
    await expect.poll(() => stateOf(tab), { timeout: 20_000 }).toBe("held");
    await tab.page.close();
  });

  test("a tab asleep past its lease is told on waking that another one has taken over @long", async () => {
    const docId = "tabs/asleep";
    const [ana, ben] = [await tabOf("ana"), await tabOf("ben")];
    await edit(ana, docId, 2);
    await ana.fallAsleep();
    expect(await edit(ben, docId)).toBeNull();
    await ana.wakeUp();
    await expect.poll(() => stateOf(ana), { timeout: 20_000 }).toBe("lost");
    const refused = await ana.page.evaluate(() =>
      globalThis.tab.session.save("a ghost's").then(
        () => "saved",
        (error: { code: string }) => error.code,
      ),
    );
    expect(refused).toBe("LOCK_NOT_OWNED");
    for (const { page } of [ana, ben]) await page.close();
  });
});
