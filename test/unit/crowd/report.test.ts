/** What `npm run crowd` prints and draws says what happened, names the model, and can be read on a phone. */
import { expect, test } from "vitest";
import { defaultContention, settingRows } from "../../../local/contention/settings.ts";
import { standalone, tenfoldBars } from "../../../scripts/crowd/chart.ts";
import { htmlReport } from "../../../scripts/crowd/page.ts";
import { terminalReport } from "../../../scripts/crowd/report.ts";
import { computeLimits, summarizeCrowd } from "../../../scripts/crowd/summary.ts";
import { pickTop } from "../../../scripts/report-page/plot.ts";
import type { Answer, AnswerKind, Crowd } from "../../../test/sim/contention/crowd.ts";

function answer(kind: AnswerKind, askedAtMs: number, tookMs: number): Answer {
  return {
    kind,
    itemIds: ["item-1"],
    askedAtMs,
    answeredAtMs: askedAtMs + tookMs,
    requests: 3,
    writeUnits: 8,
    readUnits: 1,
    elapsedMs: 0,
    attempts: 2,
    conflicts: 1,
    throttles: 0,
    ...(kind === "sold" ? {} : { why: `${kind} <because>` }),
  };
}

function crowdOf(answers: readonly Answer[], more: Partial<Crowd> = {}): Crowd {
  return {
    options: {
      shoppers: answers.length,
      stock: 2,
      items: 1,
      lines: 1,
      windowMs: 1_000,
      source: "inline",
      isOneAccount: false,
      shards: 1,
      seed: 7,
      contention: defaultContention,
    },
    answers,
    counts: {
      requests: 12,
      conflicts: 4,
      throttled: 3,
      behindIndex: 2,
      writeUnits: 40,
      readUnits: 5,
    },
    containers: 3,
    falselySoldOut: 0,
    withheld: 0,
    broken: [],
    ...more,
  };
}

const crowd = crowdOf([
  answer("sold", 100, 20),
  answer("sold", 150, 1_950),
  answer("soldOut", 200, 40),
  answer("tryAgain", 300, 28_000),
]);

test("sales a second run from the first shopper to the last sale; costs are means over sales", () => {
  expect(summarizeCrowd(crowd)).toMatchObject({
    counts: { sold: 2, soldOut: 1, refused: 0, tryAgain: 1, fault: 0 },
    sellingMs: 2_000,
    tookMs: 28_200,
    perSecond: 1,
    bestSecond: 1,
    attemptsPerSale: 2,
    requestsPerSale: 3,
    writeUnitsPerSale: 8,
    chargedPerSale: 20,
    conflicts: 4,
    throttled: 3,
    behindIndex: 2,
  });
});

test("nothing sold is nothing a second, and no division by it", () => {
  const sum = summarizeCrowd(crowdOf([answer("tryAgain", 0, 28_000)]));
  expect(sum).toMatchObject({
    perSecond: 0,
    bestSecond: 0,
    attemptsPerSale: 0,
    chargedPerSale: 40,
  });
});

test("the limits follow from the settings: rows, the busy time, and what partitions give", () => {
  expect(computeLimits(defaultContention, 1)).toEqual({ transactions: 100, plainUpdates: 1_000 });
  expect(computeLimits(defaultContention, 8)).toEqual({ transactions: 800, plainUpdates: 8_000 });
  const fresh = { ...defaultContention, placement: 4 };
  expect(computeLimits(fresh, 40)).toEqual({ transactions: 2_000, plainUpdates: 4_000 });
});

test("both reports name every setting of the model, the seed, and why shoppers were refused", () => {
  const [text, page] = [terminalReport(crowd), htmlReport(crowd)];
  for (const [name, value] of settingRows(defaultContention)) {
    expect(text).toContain(name);
    expect(text).toContain(value);
    expect(page).toContain(name);
  }
  for (const report of [text, page]) {
    expect(report).toContain("seed 7");
    expect(report).toContain("No unit was lost, doubled or promised twice.");
  }
  expect(text).toContain("1 × tryAgain <because>");
  expect(page).toContain("tryAgain &lt;because&gt;");
  expect(page).not.toContain("<because>");
});

test("a crowd whose books do not add up is told as broken, in both", () => {
  const wrong = crowdOf(crowd.answers, { broken: ["item-1: 3 sold and 0 left of 2"] });
  expect(terminalReport(wrong)).toContain("BROKEN:\n    item-1: 3 sold and 0 left of 2");
  expect(htmlReport(wrong)).toContain("<li>item-1: 3 sold and 0 left of 2</li>");
});

test("the page needs nothing else, and its legend names what occurred and nothing else", () => {
  const page = htmlReport(crowd);
  expect(page).not.toMatch(/<script|<link|src=|@import|url\((?!#)/);
  expect(page).toContain('name="viewport"');
  const [legend = ""] = page.match(/<ul class="legend">.*?<\/ul>/s) ?? [];
  expect(legend).toContain(">try again (503): 1<");
  expect(legend).not.toContain("failed (500)");
});

test("bars on a tenfold scale leave out what was not measured", () => {
  const series = [
    { name: "then", className: "sold-out" },
    { name: "limit", className: "limit" },
  ];
  const rows = [
    { label: "1 row", values: [10, 1_000] },
    { label: "8 rows", values: [undefined, 8_000] },
  ];
  const picture = standalone(tenfoldBars({ title: "Sales", series, rows }));
  expect(picture.match(/class="sold-out"/g)).toHaveLength(2);
  expect(picture).toContain(">8,000<");
  expect(picture).toContain("<style>");
});

test("the top of a scale is not far above what it has to show, and its half is short, too", () => {
  const tops = [0, 1, 3, 7, 12, 21, 99, 100, 30_434].map(pickTop);
  expect(tops).toEqual([2, 2, 3, 8, 20, 30, 100, 100, 40_000]);
});
