/** Whoever comes around CloudFront is refused, where the stage has one; elsewhere nobody is asked. */
import { afterEach, expect, test, vi } from "vitest";
import { Forbidden } from "../../../shared/base/errors.ts";

afterEach(() => {
  vi.unstubAllEnvs();
  vi.resetModules();
});

async function checkerWith(secret: string) {
  vi.stubEnv("ORIGIN_SECRET", secret);
  vi.resetModules();
  return (await import("../../../functions/runtime/origin.ts")).checkOrigin;
}

test("with a secret only who says it is let on", async () => {
  const check = await checkerWith("s3cret");
  expect(() => check({ "x-origin-secret": "s3cret" })).not.toThrow();
  const wrong = [{}, { "x-origin-secret": "" }, { "x-origin-secret": "s3cret,s3cret" }];
  for (const headers of wrong) {
    expect(() => check(headers)).toThrow("This is not the address of the shop");
  }
});

test("without one everybody is", async () => {
  const check = await checkerWith("");
  expect(() => check({})).not.toThrow(Forbidden);
});
