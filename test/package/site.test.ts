/** The site of the docs: it builds, nothing in it leads nowhere, everything comes from itself, and it can be searched. */
import { existsSync, globSync, readFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { extname, join, posix } from "node:path";
import type { Browser, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { packageEntries } from "../../scripts/docs/package-entries.ts";
import { hasChromium, launchChromium } from "../support/chromium.ts";
import { blocksOf, readPage } from "../support/docs/blocks.ts";
import { isFull } from "../support/effort.ts";
import { output, root } from "./packed.ts";

const dist = join(root, "site/dist");
const types: Readonly<Record<string, string>> = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".json": "application/json",
  ".svg": "image/svg+xml",
};

/** A server of files and nothing else, as any host is. */
function serveFiles(): Server {
  return createServer((request, response) => {
    const { pathname } = new URL(request.url!, "http://site");
    const path = join(dist, decodeURIComponent(pathname.replace(/\/$/, "/index.html")));
    if (!existsSync(path)) return response.writeHead(404).end();
    const type = types[extname(path)] ?? "application/octet-stream";
    return response.writeHead(200, { "content-type": type }).end(readFileSync(path));
  });
}

/** What a page complains of from now on, and whom it asks but its own server. */
function listenTo(page: Page, url: string): readonly string[] {
  const complaints: string[] = [];
  page.on("console", (message) => {
    if (message.type() === "error") complaints.push(message.text());
  });
  page.on("pageerror", (error) => complaints.push(String(error)));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:") && !request.url().startsWith(url)) {
      complaints.push(`asked ${request.url()}`);
    }
  });
  return complaints;
}

const attributesOf = (html: string, name: string): string[] =>
  [...html.matchAll(new RegExp(`\\s${name}="([^"]*)"`, "g"))].map(([, value = ""]) => value);

describe.runIf(isFull)("the site @long", () => {
  let pages: ReadonlyMap<string, string>;

  beforeAll(async () => {
    await output("npm", ["run", "docs"], root);
    const paths = globSync("**/*.html", { cwd: dist }).map((path) => path.replaceAll("\\", "/"));
    pages = new Map(paths.map((path) => [path, readFileSync(join(dist, path), "utf8")]));
  }, 3_000_000);

  test("every page of docs and every entry of the package has its page", () => {
    const docs = globSync("docs/**/*.md", { cwd: root }).map((path) => path.replaceAll("\\", "/"));
    const wanted = [
      ...docs
        .filter((path) => !path.endsWith("README.md"))
        .map((path) => path.replace(/^docs\//, "").replace(/\.md$/, ".html")),
      ...packageEntries().map(({ name }) => `reference/${name}.html`),
      "http-api.html",
      "http-reference/index.html",
    ];
    expect(wanted.filter((path) => !pages.has(path))).toEqual([]);
    for (const { name } of packageEntries()) {
      expect(pages.get(`reference/${name}.html`), name).toContain(`holdfast/${name}</`);
    }
  });

  test("what signatures name stands on a page, also where nothing exports it", () => {
    const references = [...pages].filter(([path]) => path.startsWith("reference/"));
    const shown = references.filter(([, html]) => html.includes('id="acquirerequest"'));
    expect(shown).not.toEqual([]);
    expect(pages.get("reference/locks.html")).toMatch(/To import: .*<code>createLocks<\/code>/);
  });

  test("every link leads to a file of the site, and what a page loads is its own", () => {
    const broken = [...pages].flatMap(([page, html]) => {
      const loaded = [...html.matchAll(/<(?:script|link|img)\b[^>]*>/g)].flatMap(([tag]) => [
        ...attributesOf(tag, "src"),
        ...attributesOf(tag, "href"),
      ]);
      const others = loaded.filter((target) => /^(?:https?:)?\/\//.test(target));
      const lost = attributesOf(html, "href")
        .filter((target) => !/^(?:https?:|mailto:|data:|#|$)/.test(target))
        .map((target) => decodeURIComponent(target.split(/[#?]/)[0]!))
        .map((target) => (target.endsWith("/") ? `${target}index.html` : target))
        .filter(
          (target) => !existsSync(join(dist, posix.resolve("/", posix.dirname(page), target))),
        );
      return [...others, ...lost].map((target) => `${page}: ${target}`);
    });
    expect(broken).toEqual([]);
  });

  test("the index of its search knows what pages are about", () => {
    const [index = ""] = globSync("assets/chunks/@localSearchIndex*.js", { cwd: dist });
    const text = readFileSync(join(dist, index), "utf8");
    for (const term of ["conservation", "createlocks", "fence"]) {
      expect(text.toLowerCase()).toContain(term);
    }
  });

  describe.runIf(hasChromium)("in a browser", () => {
    let browser: Browser;
    const server = serveFiles();
    let url: string;

    beforeAll(async () => {
      browser = await launchChromium();
      await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
      url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    });
    afterAll(async () => {
      await browser?.close();
      server.close();
    });

    test("diagrams are drawn, light and dark, and nobody else is asked", async () => {
      for (const colorScheme of ["light", "dark"] as const) {
        const page = await browser.newPage({ colorScheme });
        const complaints = listenTo(page, url);
        for (const [path, source] of [
          ["overview.html", "README.md"],
          ["architecture.html", "docs/architecture.md"],
          ["locking.html", "docs/locking.md"],
        ] as const) {
          const blocks = blocksOf(readPage(source)).filter(
            ({ language }) => language === "mermaid",
          );
          expect(blocks, source).not.toEqual([]);
          await page.goto(`${url}/${path}`);
          const drawn = page.locator(".diagram svg");
          await expect.poll(() => drawn.count()).toBe(blocks.length);
          expect(await drawn.locator("text=Syntax error").count(), source).toBe(0);
        }
        expect(complaints).toEqual([]);
        await page.close();
      }
    });

    test("pages open on wide and narrow screens without a word of complaint, and search finds", async () => {
      for (const viewport of [
        { width: 1280, height: 800 },
        { width: 390, height: 844 },
      ]) {
        const page = await browser.newPage({ viewport });
        const complaints = listenTo(page, url);
        for (const path of ["", "package.html", "reference/locks.html", "http-api.html"]) {
          await page.goto(`${url}/${path}`);
          await page.locator("h1").first().waitFor();
          const width = await page.evaluate("document.documentElement.scrollWidth");
          expect(width, path).toBeLessThanOrEqual(viewport.width);
        }
        await page.goto(`${url}/http-reference/index.html`);
        await page.getByText("Create an item with its first stock.").waitFor({ timeout: 20_000 });
        await page.goto(`${url}/`);
        const field = page.locator("input.search-input");
        // Until the page's script has come, a click does nothing.
        const opening = async (): Promise<boolean> => {
          if (await field.isVisible()) return true;
          const button = page.locator(".DocSearch-Button").first();
          await button.click({ timeout: 1_000 }).catch(() => undefined);
          return field.isVisible();
        };
        await expect.poll(opening).toBe(true);
        await field.fill("createLocks");
        await page.locator(".result").first().waitFor({ timeout: 20_000 });
        expect(complaints).toEqual([]);
        await page.close();
      }
    });
  });
});
