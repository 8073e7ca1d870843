/** How new code comes in: what the setting `canary` says. */

/** At once, or as a version behind an alias; by steps where a share and a time are given. */
export interface Canary {
  /** Callers refer to an alias, so that what runs is a version that can be gone back to. */
  readonly isVersioned: boolean;
  /** The share of requests that a new version gets first, and for how long; absent where it gets all at once. */
  readonly step?: { readonly percent: number; readonly minutes: number };
}

/** What production has where nothing is said. */
export const productionCanary = "10%/5min";

const pattern = /^([1-9]\d?)%\/([1-9]\d?)min$/;

/** Whether a text is one that `parseCanary` takes. */
export const isCanary = (text: string): boolean =>
  text === "off" || text === "now" || pattern.test(text);

/** Reads the setting: `off`, `now`, or a share and minutes like `10%/5min`. */
export function parseCanary(text: string): Canary {
  const [, percent, minutes] = pattern.exec(text) ?? [];
  if (percent === undefined) return { isVersioned: text === "now" };
  return { isVersioned: true, step: { percent: Number(percent), minutes: Number(minutes) } };
}
