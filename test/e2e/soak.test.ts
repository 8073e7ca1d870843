/** `npm run soak` for a few seconds: people come, things go wrong, nothing breaks, and all comes to rest. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { ROOT } from "../../local/root.ts";

test("a soak of half a minute breaks nothing, and something did go wrong @long", () => {
  const env = { ...process.env, DYNAMODB_ENDPOINT: inject("dynamoDbEndpoint") };
  const parameters = ["soak", "--minutes", "0.5", "--shoppers", "4"];
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, "scripts", "bootstrap.mjs"), ...parameters],
    { encoding: "utf8", env },
  );
  const text = stdout + stderr;
  expect({ status, text }).toEqual({
    status: 0,
    text: expect.stringContaining("nothing broke, and all came to rest"),
  });
  const counted = (name: string) => Number(new RegExp(`(\\d+) ${name}`).exec(text)?.[1]);
  expect(counted("orders")).toBeGreaterThan(0);
  expect(counted("deaths")).toBeGreaterThan(0);
});
