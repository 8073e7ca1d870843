/** What a page says when several things are under way at once. */
import { expect, test } from "vitest";
import { createNotices } from "../../../console/parts/notices.ts";

test("a refusal is not hidden by what was begun before it and went well", async () => {
  const notices = createNotices();
  const slow = Promise.withResolvers<string>();
  const first = notices.attempt(() => slow.promise);
  expect(await notices.attempt(() => Promise.reject(new Error("There is no such code")))).toBe(
    false,
  );
  slow.resolve("It is in the cart.");
  expect(await first).toBe(true);
  expect(notices.said.value).toEqual({ text: "There is no such code", isProblem: true });
});

test("what fails is said, whenever it was begun", async () => {
  const notices = createNotices();
  const slow = Promise.withResolvers<string>();
  const first = notices.attempt(() => slow.promise);
  await notices.attempt(() => Promise.resolve("Done."));
  slow.reject(new Error("It was sold out"));
  expect(await first).toBe(false);
  expect(notices.said.value).toEqual({ text: "It was sold out", isProblem: true });
  await notices.attempt(() => Promise.resolve("Done."));
  expect(notices.said.value).toEqual({ text: "Done.", isProblem: false });
});
