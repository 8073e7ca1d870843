/** Every route and job may stop at any of its requests. */
import { expect, test } from "vitest";
import { tryCrashPoints } from "./crash-points.ts";
import { reportOf } from "./simulate.ts";

test("a process that stops at any request of any route or job leaves nothing lost or doubled", async () => {
  const tried = await tryCrashPoints();
  const broken = tried.flatMap(({ scene, request, where, result }) =>
    result.violation
      ? [`${scene}, ${where} request ${request}: ${reportOf(result.violation)}`]
      : [],
  );
  expect(broken.slice(0, 3)).toEqual([]);
  expect(tried.length).toBeGreaterThan(150);
});
