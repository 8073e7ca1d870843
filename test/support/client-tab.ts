/** The client in a real browser tab: the bundle as it is delivered, on a slow network if a test wants one. */
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { Client, EditingSession } from "../../client/index.ts";

/** What a tab's own code finds as globals. */
export interface TabGlobals {
  holdfast: typeof import("../../client/index.ts");
  client: Client;
  session: EditingSession;
  /** Until it is false again, tokens are asked for in vain. */
  isTokenHanging: boolean;
  /** Added to what the wall clock says. */
  clockShiftMs: number;
  told: string[];
}

declare global {
  // oxlint-disable-next-line vars-on-top, no-var -- how globals are declared
  var tab: TabGlobals;
}

/** A tab that stays signed in wherever it goes. */
export interface ClientTab {
  readonly page: Page;
  setOffline(isOffline: boolean): Promise<void>;
  /** Stops the tab's program, timers and all, as a machine that sleeps does. */
  fallAsleep(): Promise<void>;
  wakeUp(): Promise<void>;
  /** Opens the page anew: the one before goes away as if its user had followed a link. */
  open(): Promise<void>;
}

let bundle: Promise<string> | undefined;

async function bundleClient(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: ["client/index.ts"],
    bundle: true,
    minify: true,
    format: "iife",
    globalName: "holdfast",
    target: "es2022",
    write: false,
  });
  return outputFiles[0]!.text;
}

/** Runs in the tab: makes the client, with a clock and a token that the test can disturb. */
function startTab({ holdfast, token }: { holdfast: TabGlobals["holdfast"]; token: string }): void {
  const tab = {
    holdfast,
    isTokenHanging: false,
    clockShiftMs: 0,
    told: [],
  } as unknown as TabGlobals;
  const tokenOf = (): string | Promise<string> =>
    tab.isTokenHanging ? new Promise<never>(() => undefined) : token;
  const now = (): number => Date.now() + tab.clockShiftMs;
  tab.client = holdfast.createClient({ baseUrl: "", token: tokenOf }, { now });
  globalThis.tab = tab;
}

/** Opens a tab whose every request takes `latencyMs` longer. */
export async function openTab(
  browser: Browser,
  { url, token, latencyMs = 0 }: { url: string; token: string; latencyMs?: number },
): Promise<ClientTab> {
  bundle ??= bundleClient();
  const script = `${await bundle};(${startTab})({ holdfast, token: ${JSON.stringify(token)} });`;
  const page = await browser.newPage();
  await page.route("**/blank*", (route) =>
    route.fulfill({
      contentType: "text/html",
      body: `<!doctype html><title>tab</title><script>${script}</script>`,
    }),
  );
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("Network.enable");
  const setOffline = async (offline: boolean): Promise<void> => {
    const speed = { latency: latencyMs, downloadThroughput: -1, uploadThroughput: -1 };
    await devtools.send("Network.emulateNetworkConditions", { offline, ...speed });
  };
  await setOffline(false);
  let opened = 0;
  const open = async (): Promise<void> => {
    await page.goto(`${url}/blank?${(opened += 1)}`);
  };
  await open();
  return {
    page,
    open,
    setOffline,
    async fallAsleep() {
      await devtools.send("Debugger.enable");
      await devtools.send("Debugger.pause");
    },
    async wakeUp() {
      await devtools.send("Debugger.disable");
    },
  };
}
