/** What a form changed of a record, and whether somebody else changed the same since it was opened. */

type Fields = Readonly<Record<string, unknown>>;

const isSame = (one: unknown, other: unknown): boolean =>
  JSON.stringify(one) === JSON.stringify(other);

/** The fields that are another now; what is gone is null, as a change says it. */
export function pickChanged(before: Fields, after: Fields): Record<string, unknown> {
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...names].filter((name) => !isSame(before[name], after[name]));
  return Object.fromEntries(changed.map((name) => [name, after[name] ?? null]));
}

/**
 * Refuses to overwrite what somebody else has set meanwhile. These routes know no `If-Match`: a change between this
 * look and the write, some milliseconds, is not seen.
 *
 * @throws Error that names the fields
 */
export function refuseOverwriting(seen: Fields, now: Fields, names: readonly string[]): void {
  const others = names.filter((name) => !isSame(seen[name], now[name]));
  if (others.length === 0) return;
  throw new Error(`Somebody else has changed ${others.join(", ")} meanwhile: open it again.`);
}
