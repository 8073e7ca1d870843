/** When two states of an order and its payment behave alike, for tests that visit each state once. */
import type { Contents } from "./memory-world.ts";

/** What only counts, says when, or is kept to be read by people. */
const idle = new Set(
  "change did revision version ttlSeconds edit0 capturedAtMs createdAtMs atMs dueAtMs Events".split(
    " ",
  ),
);

/** What of the contents decides what happens next: refunds and disputes themselves, not which events have told of them. */
export function makeStateKey(contents: Contents): string {
  return JSON.stringify(contents, (field, value) => {
    if (field !== "events") return idle.has(field) ? undefined : value;
    const names = Object.keys(value as object).toSorted();
    return names.filter((name) => !/^(refunded|disputed):/.test(name));
  });
}

/** All of the contents but what only counts, so that `makeStateKey` can be held against it. */
export function makeFullKey(contents: Contents): string {
  return JSON.stringify(contents, (field, value) =>
    ["change", "revision", "version", "ttlSeconds", "edit0"].includes(field) ? undefined : value,
  );
}
