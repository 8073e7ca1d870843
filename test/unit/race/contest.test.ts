/** `npm run race` must notice what breaks: here it races shops that are made to be wrong. */
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, expect, test } from "vitest";
import { runContest } from "../../../scripts/race/contest.ts";
import { htmlReport } from "../../../scripts/race/page.ts";
import { histogram, summarize, terminalReport } from "../../../scripts/race/report.ts";

interface Shop {
  /** The status for the next order, given how many were granted. */
  readonly order: (granted: number) => number;
  /** Units that are lost on the way. */
  readonly lost?: number;
}

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

/** A shop of 5 units that answers as it is told. */
async function open({ order, lost = 0 }: Shop): Promise<string> {
  let granted = 0;
  const server = createServer((request, response) => {
    const isOrder = request.url?.startsWith("/order/");
    const status = isOrder ? order(granted) : request.method === "POST" ? 201 : 200;
    if (isOrder && status === 201) granted += 1;
    const levels = { available: 5 - granted - lost, held: granted, sold: 0 };
    const itemId = request.url?.split("/").at(-1);
    response.writeHead(status, {
      "content-type": "application/json",
      "server-timing": 'ddb;dur=1.5;desc="2 req, 4 wcu, 0.5 rcu"',
    });
    response.end(JSON.stringify({ itemId, ...levels, received: 5, adjusted: 0 }));
  });
  servers.push(server);
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

async function race(shop: Shop, more: { shoppers?: number; exclusive?: boolean } = {}) {
  const setup = { shoppers: 20, stock: 5, lines: 1, exclusive: false, atOnce: 20, ...more };
  const url = await open(shop);
  const contest = await runContest({ ...setup, url, token: "t", onProgress: () => {} });
  return { contest, setup };
}

const honest: Shop = { order: (granted) => (granted < 5 ? 201 : 409) };

test("a shop that keeps its books is found right, with what each grant cost", async () => {
  const { contest } = await race(honest);
  expect(contest.broken).toEqual([]);
  expect(summarize(contest)).toMatchObject({
    granted: 5,
    refused: 15,
    other: 0,
    requestsPerGrant: 2,
    writeUnitsPerGrant: 4,
    readUnitsPerGrant: 0.5,
  });
  const bars = histogram(contest);
  const count = (kind: "granted" | "refused" | "other") =>
    bars.reduce((sum, bar) => sum + bar[kind], 0);
  expect([count("granted"), count("refused"), count("other")]).toEqual([5, 15, 0]);
});

test.each([
  ["sells too much", { order: () => 201 }, {}, /20 orders were granted instead of 5/],
  ["sells too little", { order: () => 409 }, {}, /0 orders were granted instead of 5/],
  ["loses units", { ...honest, lost: 1 }, {}, /is not 5 received \+ 0 adjusted/],
  ["fails", { order: (n: number) => (n < 5 ? 201 : 500) }, {}, /neither 201 nor 409: 500/],
  ["lets two hold what one may", honest, { exclusive: true }, /5 orders .* instead of 1/],
] satisfies [string, Shop, object, RegExp][])("a shop that %s is found out", async (...given) => {
  const [, shop, more, problem] = given;
  const { contest, setup } = await race(shop, more);
  expect(contest.broken.join("\n")).toMatch(problem);
  expect(terminalReport(contest)).toContain("BROKEN");
  expect(htmlReport(contest, setup)).toContain("Broken:");
});

test("the page needs nothing but itself", async () => {
  const { contest, setup } = await race(honest);
  const page = htmlReport(contest, setup);
  expect(page).not.toMatch(/<script|<link|src=|href=|url\((?!#)|https?:/);
});

test("every order has its mark, and one that failed is not drawn as refused", async () => {
  const { contest, setup } = await race({ order: (granted) => (granted < 5 ? 201 : 500) });
  const [legend = "", plot = ""] = htmlReport(contest, setup)
    .split('<ul class="legend">')
    .at(-1)!
    .split("</ul>");
  expect(plot.match(/class="dot done"/g)).toHaveLength(5);
  expect(plot.match(/class="dot fault"/g)).toHaveLength(15);
  expect(legend).toContain("neither, which must not happen: 15");
  expect(legend).not.toContain("refused");
  expect(terminalReport(contest)).toContain("× neither");
});
