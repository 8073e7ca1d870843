/** Pages in a real Chromium that are watched: what they say as an error, and whom they ask. */
import axe from "axe-core";
import type { Browser, BrowserContext, Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect } from "vitest";
import { hasChromium, launchChromium } from "./chromium.ts";

type ContextOptions = NonNullable<Parameters<Browser["newContext"]>[0]>;

/** Opens pages, and remembers what they should not have done. */
export interface WatchedPages {
  /** Errors that pages said, and requests to others, in order. */
  readonly complaints: readonly string[];
  /** Opens a page of its own context; `forgiven` are the errors that its test brings about, if others than usual. */
  open(path: string, options?: ContextOptions, forgiven?: RegExp): Promise<Page>;
}

/** Matches what the browser itself says of answers with these statuses. */
export const refusedWith = (...statuses: readonly number[]): RegExp =>
  new RegExp(`responded with a status of (?:${statuses.join("|")}) `);

/**
 * Starts a browser for the tests of a file. Pages that nobody looks at any more go on asking and keep the machine busy:
 * each test's are closed behind it. To be called behind the hooks that stop what pages are served from.
 *
 * @param listOrigins whom pages may ask; they are opened at the first
 */
export function watchPages(
  listOrigins: () => readonly string[],
  usuallyForgiven: RegExp,
): WatchedPages {
  let browser: Browser | undefined;
  const contexts: BrowserContext[] = [];
  const complaints: string[] = [];

  beforeAll(async () => {
    if (hasChromium) browser = await launchChromium();
  });
  afterEach(async () => {
    for (const context of contexts.splice(0)) await context.close();
  });
  afterAll(() => browser?.close());

  async function open(
    path: string,
    options: ContextOptions = {},
    forgiven = usuallyForgiven,
  ): Promise<Page> {
    const context = await browser!.newContext(options);
    contexts.push(context);
    const page = await context.newPage();
    page.on("console", (message) => {
      if (message.type() !== "error" || forgiven.test(message.text())) return;
      complaints.push(`${path}: ${message.text()} (${message.location().url})`);
    });
    page.on("pageerror", (error) => complaints.push(`${path}: ${String(error)}`));
    page.on("request", (request) => {
      // What a page hands out for saving has the page's own origin.
      const { origin } = new URL(request.url());
      if (!listOrigins().includes(origin)) complaints.push(`${path} asked ${request.url()}`);
    });
    await page.goto(listOrigins()[0] + path);
    return page;
  }

  return { complaints, open };
}

/** No serious finding, and nothing to scroll sideways for, in a dialog neither. */
export async function expectUsable(page: Page): Promise<void> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(),
  );
  const serious = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  expect(serious.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)])).toEqual([]);
  const width = await page.evaluate("document.documentElement.scrollWidth");
  expect(width).toBeLessThanOrEqual(page.viewportSize()!.width);
  const dialog = "document.querySelector('dialog[open]') ?? document.body";
  const beyond = `(${dialog}).scrollWidth - (${dialog}).clientWidth`;
  expect(await page.evaluate(beyond)).toBeLessThanOrEqual(0);
}
