/** The reports of `npm run race` and `npm run crowd` in a real Chromium: on a phone and on a desk, in light and in dark. */
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, expect, test } from "vitest";
import { defaultContention } from "../../local/contention/settings.ts";
import { htmlReport as crowdReport } from "../../scripts/crowd/page.ts";
import type { Attempt, Contest } from "../../scripts/race/contest.ts";
import { htmlReport as raceReport } from "../../scripts/race/page.ts";
import { type CrowdOptions, runCrowd } from "../sim/contention/crowd.ts";
import { hasChromium } from "../support/chromium.ts";
import { expectUsable, watchPages } from "../support/watched-pages.ts";

const stock = 20;

function attemptOf(index: number): Attempt {
  const status = index < stock ? 201 : index % 50 === 0 ? 500 : 409;
  const times = { startedMs: index, tookMs: 900 + ((index * 7_919) % 30_000) };
  return { status, code: undefined, ...times, requests: 2, writeUnits: 10, readUnits: 1 };
}

/** Everything occurs in it, at lengths that do not fit beside each other. */
const contest: Contest = {
  attempts: Array.from({ length: 1_500 }, (_, index) => attemptOf(index)),
  tookMs: 36_000,
  levels: Array.from({ length: 20 }, (_, index) => ({
    itemId: `race-0123abcd-${index + 1}`,
    available: 1_000_000,
    held: 1_000_000,
    sold: 1_000_000,
    received: 3_000_000,
    adjusted: 1_000_000,
  })),
  looks: 400,
  broken: ["race-0123abcd-1: 1000000 available + 20 held + 0 sold is not 1000000 received"],
};

/** So many on so few partitions that some are asked to try again. */
const crowdOptions: CrowdOptions = {
  shoppers: 400,
  stock: 100,
  shards: 1,
  items: 1,
  lines: 1,
  windowMs: 200,
  source: "inline",
  isOneAccount: false,
  seed: 1,
  contention: { ...defaultContention, warmWriteUnits: 100, tableWriteUnits: 100 },
};

const pages = new Map<string, string>();
const server = createServer(({ url }, response) => {
  response.writeHead(200, { "content-type": "text/html" });
  response.end(pages.get(url ?? ""));
});
let origin = "";

beforeAll(async () => {
  const setup = { shoppers: 1_500, stock, lines: 20, exclusive: false };
  pages.set("/race", raceReport(contest, setup));
  pages.set("/crowd", crowdReport(await runCrowd(crowdOptions)));
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.close();
});

// A browser asks for an icon by itself; nothing else may be missing.
const { open, complaints } = watchPages(() => [origin], /favicon/);

interface Marks {
  readonly drawn: string[];
  readonly named: string[];
}

/** How each mark of a chart looks, and how each in its legend does: shape, filling and line. */
const readMarks = `[...document.querySelectorAll("figure")].map((figure) => {
  const lookOf = (mark) => {
    const { fill, stroke } = getComputedStyle(mark);
    return mark.tagName + " " + fill + " " + stroke;
  };
  const shapes = "rect, circle, path, polygon, use";
  const drawn = [...figure.querySelectorAll(shapes)].filter((mark) => !mark.closest("li"));
  const entries = [...figure.querySelectorAll("li")].filter((entry) => entry.textContent.trim());
  return {
    drawn: [...new Set(drawn.map(lookOf))],
    named: entries.flatMap((entry) => [...entry.querySelectorAll(shapes)].map(lookOf)),
  };
})`;

/** The smallest letters of the page as they are seen, in pixels. */
const findSmallestLetters = `Math.min(...[...document.querySelectorAll("body *")]
  .filter((element) => !element.closest("style, title"))
  .filter(({ childNodes }) =>
    [...childNodes].some(({ nodeType, textContent }) => nodeType === 3 && textContent.trim()))
  .map((element) => {
    const scale = element instanceof SVGTextElement ? element.getScreenCTM().a : 1;
    return scale * Number.parseFloat(getComputedStyle(element).fontSize);
  }))`;

const colour = /(?:rgba?|oklch|color)\([^)]*\)/g;

test.skipIf(!hasChromium).for([
  ["/race", 390, "light"],
  ["/race", 1_280, "dark"],
  ["/crowd", 390, "dark"],
  ["/crowd", 1_280, "light"],
] as const)("%s can be read at %d px in %s", async ([path, width, colorScheme]) => {
  const page = await open(path, { viewport: { width, height: 844 }, colorScheme });
  await expectUsable(page);
  expect(await page.evaluate<number>(findSmallestLetters)).toBeGreaterThanOrEqual(12);
  const charts = await page.evaluate<Marks[]>(readMarks);
  expect(charts).toHaveLength(2);
  for (const { drawn, named } of charts) {
    expect(drawn.length).toBeGreaterThan(1);
    expect(named.toSorted()).toEqual(drawn.toSorted());
    // Without their colours they still differ.
    const shapes = named.map((look) => look.replaceAll(colour, "a colour"));
    expect(new Set(shapes).size).toBe(named.length);
  }
  expect(complaints).toEqual([]);
});

test.skipIf(!hasChromium)("charts take the room that there is, letters keep theirs", async () => {
  const page = await open("/race", { viewport: { width: 390, height: 844 } });
  const measure = async () => ({
    chart: await page.evaluate<number>(
      "document.querySelector('figure > svg').getBoundingClientRect().width",
    ),
    letters: await page.evaluate<number>(findSmallestLetters),
  });
  const onPhone = await measure();
  await page.setViewportSize({ width: 1_280, height: 844 });
  const onDesk = await measure();
  expect(onDesk.chart).toBeGreaterThan(2 * onPhone.chart);
  expect(onDesk.letters).toBe(onPhone.letters);
});
