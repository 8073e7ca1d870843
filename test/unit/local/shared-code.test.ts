/** Code that many assemblies have is kept once, for as long as one of them leads to it. */
import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, expect, test } from "vitest";
import { hasItsCode, pruneCode, shareCode } from "../../../local/assembly/shared-code.ts";

let folder: string;
let code: string;

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "holdfast-code-")));
  code = join(folder, "code");
});

/** An assembly as the CDK leaves it: what a file says is in its folder's name. */
function synthesized(name: string, ...contents: string[]): string {
  const directory = join(folder, name);
  for (const content of contents) {
    mkdirSync(join(directory, `asset.${content}`), { recursive: true });
    writeFileSync(join(directory, `asset.${content}`, "index.mjs"), content);
  }
  writeFileSync(join(directory, "manifest.json"), "{}");
  shareCode(directory, code);
  return directory;
}

test("two assemblies with the same code lead to one copy of it", () => {
  const [one, two] = [synthesized("one", "orders", "carts"), synthesized("two", "orders")];
  const [first, second] = [one, two].map((each) => join(each, "asset.orders", "index.mjs"));
  expect(readFileSync(second!, "utf8")).toBe("orders");
  expect(realpathSync(first!)).toBe(realpathSync(second!));
});

test("it goes with the last assembly that leads to it, unless it has only just come", () => {
  const [one, two] = [synthesized("one", "orders", "carts"), synthesized("two", "orders")];
  rmSync(one, { recursive: true });
  pruneCode(code, [two]);
  expect(existsSync(join(code, "asset.carts"))).toBe(true);
  for (const name of ["asset.orders", "asset.carts"]) utimesSync(join(code, name), 1, 1);
  pruneCode(code, [two, one]);
  expect(existsSync(join(code, "asset.carts"))).toBe(false);
  expect([hasItsCode(two), readFileSync(join(two, "asset.orders", "index.mjs"), "utf8")]).toEqual([
    true,
    "orders",
  ]);
});

test("an assembly without its code is none", () => {
  const one = synthesized("one", "orders");
  rmSync(code, { recursive: true });
  expect(hasItsCode(one)).toBe(false);
});
