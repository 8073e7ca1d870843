/**
 * The pages as they stand in a stack, in a real Chromium: the files that are uploaded, with the headers of the template, an
 * issuer of another origin, and the API behind the same front.
 */
import type { BrowserContext, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makePageFiles } from "../../scripts/deploy/page-files.ts";
import { hasChromium } from "../support/chromium.ts";
import { pagesOn } from "../support/contexts.ts";
import { type PagesFront, startPagesFront } from "../support/pages-front.ts";
import { startServer, type TestServer } from "../support/server.ts";
import { type SignInIssuer, startSignInIssuer } from "../support/sign-in-issuer.ts";
import { expectUsable, watchPages } from "../support/watched-pages.ts";

const clientId = "console";
const people = { rita: ["admin"], sam: [] };

let front: PagesFront;
let server: TestServer;
let issuer: SignInIssuer;

beforeAll(async () => {
  front = await startPagesFront();
  server = await startServer({ context: { ...pagesOn, allowOrigins: front.url } });
  const accessToken = (subject: string, groups: readonly string[]) =>
    server.token(subject, [...groups]);
  issuer = await startSignInIssuer({ people, clientId, accessToken });
  const outputs = {
    Issuer: issuer.url,
    PagesClientId: clientId,
    Audience: clientId,
    AdminGroup: "admin",
  };
  front.open({ files: await makePageFiles(outputs), apiUrl: server.url, issuer: issuer.url });
});

afterAll(async () => {
  issuer?.stop();
  front?.stop();
  await server?.stop();
});

// What tests bring about themselves: refusals, and a service that is away.
const { open, complaints } = watchPages(
  () => [front.url, issuer.url],
  /status of 40[013]|net::ERR_FAILED/,
);

const seen = async (page: Page, text: string | RegExp): Promise<void> =>
  page.getByText(text).first().waitFor({ timeout: 20_000 });

async function signInAs(page: Page, name: string): Promise<void> {
  await page.getByRole("link", { name, exact: true }).click();
}

/** Everything that scripts could read later, of whatever origin, as one text. */
async function readStorage(page: Page, context: BrowserContext): Promise<string> {
  const own = await page.evaluate(
    "JSON.stringify([localStorage, sessionStorage, document.cookie, location.href, history.state])",
  );
  return JSON.stringify([own, await context.storageState({ indexedDB: true })]);
}

async function createItem(itemId: string): Promise<void> {
  const price = { amountMinor: 4_900, currency: "EUR" };
  const body = { itemId, name: itemId, kind: "Retail", price, quantity: 1 };
  const { status } = await server.call("POST /items", { as: "root", groups: ["admin"], body });
  expect(status).toBe(201);
}

describe.runIf(hasChromium)("in a browser", () => {
  test("an operator signs in elsewhere, sees what happens, and no storage has a token", async () => {
    const page = await open("/");
    const context = page.context();
    const socket = page.waitForEvent("websocket");
    await page.getByRole("link", { name: "Console", exact: true }).first().click();
    await signInAs(page, "rita");
    await seen(page, "as rita@example.com");
    expect(page.url()).toBe(`${front.url}/console`);
    await createItem("a-seen");
    const items = page.getByRole("region", { name: "Items" });
    await items.getByRole("button", { name: "a-seen", exact: true }).waitFor();
    expect((await socket).url()).toContain(new URL(server.url).port);
    expect((await socket).isClosed()).toBe(false);
    expect(issuer.given.length).toBeGreaterThanOrEqual(3);
    const stored = await readStorage(page, context);
    for (const token of issuer.given) expect(stored).not.toContain(token);
    expect(stored).not.toMatch(/eyJ|verifier|nonce/);
    expect(await page.evaluate("sessionStorage.length + localStorage.length")).toBe(0);
    const ofFront = (await context.cookies(front.url)).map(({ name }) => name);
    expect(ofFront).toEqual([]);
  });

  test("a page that is loaded again signs in by itself, at the place where it was; signed out it does not", async () => {
    const page = await open("/console?subject=lock/document/b-story");
    await signInAs(page, "rita");
    await seen(page, "as rita@example.com");
    expect(page.url()).toBe(`${front.url}/console?subject=lock/document/b-story`);
    await page.reload();
    await seen(page, "as rita@example.com");
    await page.getByRole("button", { name: "Sign out" }).click();
    await seen(page, "Orders, carts, stock and locks are served from here.");
    expect(page.url()).toBe(`${front.url}/`);
    await page.goto(`${front.url}/console`);
    await page.getByRole("link", { name: "sam", exact: true }).waitFor();
  });

  test("who is not of the group is told so, and sees nothing; the API said it", async () => {
    const page = await open("/console");
    await signInAs(page, "sam");
    await seen(page, /signed in as sam@example\.com, who is not of the group admin/);
    expect(await page.getByRole("region").count()).toBe(0);
    expect(await page.locator("table").count()).toBe(0);
    await page.getByRole("button", { name: "Sign out" }).click();
    await seen(page, "Orders, carts, stock and locks are served from here.");
  });

  test("an answer with another state, to nothing that was begun, or used before, is refused in words", async () => {
    const page = await open("/console");
    await page.getByRole("link", { name: "rita", exact: true }).waitFor();
    await page.goto(`${front.url}/console?code=stolen&state=foreign`);
    await seen(page, /another|something else than what was begun here/);
    expect(page.url()).toBe(`${front.url}/console`);
    const other = await open("/console?code=stolen&state=foreign");
    await seen(other, "This sign-in was not begun here, so nothing of it was used.");
    const before = issuer.grants.length;
    await other.getByRole("button", { name: "Sign in" }).click();
    // The answer of the issuer comes twice: by the back button, or from somebody who saw it.
    let answer = "";
    other.on("request", (request) => {
      if (request.url().includes("code=")) answer = request.url();
    });
    await signInAs(other, "rita");
    await seen(other, "as rita@example.com");
    await other.goto(answer);
    await seen(other, "This sign-in was not begun here, so nothing of it was used.");
    expect(issuer.grants.slice(before)).toEqual(["authorization_code given"]);
  });

  test("a sign-in that is declined, and a service that is away, are said in words", async () => {
    const page = await open("/console");
    await signInAs(page, "nobody");
    await seen(page, "The sign-in was declined: nobody wanted to.");
    const lonely = await open("/");
    await lonely.route(`${issuer.url}/**`, (route) => route.abort());
    await lonely.goto(`${front.url}/console`);
    await seen(lonely, "The sign-in service cannot be reached.");
    expect(await lonely.getByRole("region").count()).toBe(0);
  });

  test("a refused token is renewed without a word, and the end of a sign-in is said", async () => {
    const page = await open("/console");
    await signInAs(page, "rita");
    await seen(page, "as rita@example.com");
    const before = issuer.grants.length;
    // What the console asks for most often; the rest it is told.
    const asked = "**/admin/webhooks**";
    const refusal = { status: 401, json: { message: "Unauthorized" } };
    await page.route(asked, (route) => route.fulfill(refusal), { times: 1 });
    await expect.poll(() => issuer.grants.slice(before)).toEqual(["refresh_token given"]);
    await page.waitForResponse((answer) => answer.url().includes("/admin/webhooks") && answer.ok());
    expect(await page.getByRole("button", { name: "Sign out" }).count()).toBe(1);
    await page.route(`${issuer.url}/token`, (route) =>
      route.fulfill({ status: 400, json: { error: "invalid_grant" }, headers: cors }),
    );
    await page.route(asked, (route) => route.fulfill(refusal));
    const again = page.getByRole("button", { name: "Your sign-in has ended: sign in again" });
    await again.waitFor();
    await page.unroute(asked);
    await page.unroute(`${issuer.url}/token`);
    await again.click();
    await page.getByRole("button", { name: "Sign out" }).waitFor();
  });

  test("the first page and what refuses can be used by everybody: no serious finding, no sideways scrolling @long", async () => {
    for (const path of ["/", "/console?code=stolen&state=foreign"]) {
      const page = await open(path);
      await page.setViewportSize({ width: 390, height: 844 });
      await page.getByRole("heading").first().waitFor();
      await expectUsable(page);
    }
  });

  test("no page said an error, or asked anybody but its front and the issuer", () => {
    expect(complaints).toEqual([]);
  });
});

const cors = { "access-control-allow-origin": "*" };

test("the issuer of these tests is strict: a code without its verifier is worth nothing, and is gone", async () => {
  const back = `${front.url}/console`;
  const query = new URLSearchParams({
    response_type: "code",
    client_id: clientId,
    redirect_uri: back,
    code_challenge: "somebody-else's",
    code_challenge_method: "S256",
    state: "s",
  });
  const sent = await fetch(`${issuer.url}/as/rita?${query}`, { redirect: "manual" });
  const code = new URL(sent.headers.get("location")!).searchParams.get("code")!;
  const form = {
    grant_type: "authorization_code",
    client_id: clientId,
    redirect_uri: back,
    code,
    code_verifier: "guessed",
  };
  for (let time = 0; time < 2; time += 1) {
    const body = new URLSearchParams(form);
    const answer = await fetch(`${issuer.url}/token`, { method: "POST", body });
    expect([answer.status, await answer.json()]).toEqual([400, { error: "invalid_grant" }]);
  }
});

test("the files come with headers that let nothing else run, and nobody show them", async () => {
  for (const path of ["/", "/console", "/_site/operator.js"]) {
    const { status, headers } = await fetch(front.url + path);
    expect(status).toBe(200);
    expect(headers.get("content-security-policy")).toContain("script-src 'self'");
    expect(headers.get("content-security-policy")).toContain("frame-ancestors 'none'");
    expect(headers.get("content-security-policy")).not.toContain("unsafe");
    expect(headers.get("cache-control")).toBe("no-cache");
  }
  expect((await fetch(`${front.url}/items`)).status).toBe(200);
});
