/** How much a browser loads for a page for people. */
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { serveSite } from "../../../local/pages/site.ts";

test("the whole console, its page, script and style, is at most 69 KB gzipped", async () => {
  const page = await serveSite("/console", "localhost:3000");
  const parts = [...String(page!.body).matchAll(/(?:href|src)="(\/[^"]+)"/g)].map(
    ([, path]) => path!,
  );
  expect(parts).toHaveLength(2);
  const answers = await Promise.all(parts.map((path) => serveSite(path, "localhost:3000")));
  const sizes = [page, ...answers].map((answer) => gzipSync(String(answer!.body)).byteLength);
  const all = sizes.reduce((sum, size) => sum + size, 0);
  expect(all).toBeLessThanOrEqual(69 * 1_024);
});
