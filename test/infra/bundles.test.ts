/** Bundles are small, ship only what their functions call, and still answer. */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, expect, test, vi } from "vitest";
import { bundleInto } from "../../infra/bundles.ts";
import { bundled } from "../../infra/functions.ts";
import { functionNames } from "../../infra/permissions.ts";
import { listReadAtOnce } from "../support/read-at-once.ts";

// All functions are bundled for real, on a machine that others use too.
vi.setConfig({ hookTimeout: 120_000, testTimeout: 120_000 });

const folder = mkdtempSync(join(tmpdir(), "holdfast-bundles-test-"));
const functions = functionNames(false).map(bundled);
bundleInto(folder, functions);
afterAll(() => rmSync(folder, { recursive: true }));

/** What a cold start reads, and then what is loaded when it is first called. */
const filesOf = (name: string): string[] => {
  const others = readdirSync(join(folder, name)).filter((file) => file !== "index.mjs");
  return ["index.mjs", ...others].map((file) => join(folder, name, file));
};
const textOf = (name: string): string =>
  filesOf(name).reduce((text, file) => text + readFileSync(file, "utf8"), "");
const kilobytesOf = (files: readonly string[]): number =>
  Math.ceil(files.reduce((bytes, file) => bytes + statSync(file).size, 0) / 1024);

test("a cold start reads at most 620 KB, and no provider", () => {
  const read = functions.map(({ name }) => ({
    name,
    files: listReadAtOnce(join(folder, name, "index.mjs")),
  }));
  const sizes = read.map(({ name, files }) => ({ name, size: kilobytesOf(files) }));
  expect(sizes.filter(({ size }) => size > 620)).toEqual([]);
  const isProvider = (file: string) =>
    /^(?:stripe|razorpay|wompi|mercadopago)/.test(basename(file));
  expect(read.filter(({ files }) => files.some(isProvider))).toEqual([]);
});

test("a bundle without providers is at most 600 KB, with one 1 MB, with all of them 1,210 KB", () => {
  const tooLarge = functions
    .map(({ name, providers }) => ({
      name,
      size: kilobytesOf(filesOf(name)),
      most: providers.length === 0 ? 600 : providers.length === 1 ? 1_024 : 1_210,
    }))
    .filter(({ size, most }) => size > most);
  expect(tooLarge).toEqual([]);
});

test("a function ships a provider only when it may read its secret", () => {
  const marks = {
    stripe: "api.stripe.com",
    razorpay: "api.razorpay.com",
    wompi: "wompi.co/v1",
    mercadopago: "api.mercadopago.com",
  };
  for (const { name, providers } of functions) {
    const shipped = Object.entries(marks)
      .filter(([, mark]) => textOf(name).includes(mark))
      .map(([provider]) => provider);
    const granted = providers.filter((provider) => provider in marks);
    expect([name, shipped.toSorted()]).toEqual([name, granted.toSorted()]);
  }
});

test("no function ships messages in other languages, tables of file types or other ways to sign in", () => {
  const marks = ["Ungültige Eingabe", "application/vnd.3gpp", "GetRoleCredentials", "AssumeRole"];
  for (const { name } of functions) {
    const text = textOf(name);
    expect([name, marks.filter((mark) => text.includes(mark))]).toEqual([name, []]);
  }
});
