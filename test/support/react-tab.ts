/** The page with React's hooks in a real browser tab, and what it asks the server for. */
import { build } from "esbuild";
import type { Browser, Page } from "playwright-core";
import type { Wanted } from "./react-page.ts";

/** An open page. */
export interface ReactTab {
  readonly page: Page;
  /** Shows this, and nothing else any more. */
  wish(wanted: Wanted): Promise<void>;
  /** How many requests it has made of that path so far; one that was repeated after a lost answer counts once. */
  countAsked(path: string): number;
  /** What the page's own code has thrown. */
  readonly faults: readonly string[];
}

/** Opens the page for somebody. React is its development build: only that mounts everything twice. */
export async function openReactTab(
  browser: Browser,
  { url, token }: { url: string; token: string },
): Promise<ReactTab> {
  const { outputFiles } = await build({
    entryPoints: ["test/support/react-page.ts"],
    bundle: true,
    format: "iife",
    target: "es2022",
    define: { "process.env.NODE_ENV": '"development"' },
    write: false,
  });
  // An answer of the server itself, emptied: Chromium opens no WebSocket to this machine for a page that came from nowhere.
  const page = await browser.newPage({ bypassCSP: true });
  const [asked, faults] = [new Set<string>(), new Array<string>()];
  page.on("request", (request) => {
    asked.add(`${new URL(request.url()).pathname} ${request.postData() ?? ""}`);
  });
  page.on("pageerror", (error) => void faults.push(error.message));
  await page.goto(`${url}/health`);
  await page.addScriptTag({ content: outputFiles[0]!.text });
  await page.evaluate((given) => globalThis.startPage(given), token);
  await page.waitForFunction(() => "wish" in globalThis);
  return {
    page,
    faults,
    wish: (wanted) => page.evaluate((given) => globalThis.wish(given), wanted),
    countAsked: (path) => [...asked].filter((each) => each.startsWith(`${path} `)).length,
  };
}
