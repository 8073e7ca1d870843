/** Whoever comes around CloudFront is refused, where the stage has one; elsewhere nobody is asked. */
import { expect, test } from "vitest";
import { createOriginCheck } from "../../../functions/runtime/origin.ts";
import { Forbidden } from "../../../shared/base/errors.ts";

test("with a secret only who says it is let on", () => {
  const check = createOriginCheck("s3cret");
  expect(() => check({ "x-origin-secret": "s3cret" })).not.toThrow();
  const wrong = [{}, { "x-origin-secret": "" }, { "x-origin-secret": "s3cret,s3cret" }];
  for (const headers of wrong) expect(() => check(headers)).toThrow(Forbidden);
});

test("without one everybody is", () => {
  expect(() => createOriginCheck("")({})).not.toThrow();
});
