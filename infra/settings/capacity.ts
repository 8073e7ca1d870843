/** What a deployment lets in at once and keeps ready. */
import { type ContextReader, omitMissing } from "./context-reader.ts";
import { operationDefinitions as definitions } from "./operation-definitions.ts";

/** How much is let in at once, and what is kept ready for it. */
export interface Capacity {
  readonly throttlePerSecond: number;
  readonly ordersPerSecond: number;
  readonly webhooksPerSecond: number;
  /** By the name of an endpoint of the contract; `route-limits.ts` checks them. */
  readonly routesPerSecond: Readonly<Record<string, number>>;
  readonly reservedForWebhooks: number;
  readonly reservedForOwners: number;
  readonly reservedForChanges: number;
  readonly reservedForCleanup: number;
  readonly dueShards: number;
  readonly warmReadUnits?: number;
  readonly warmWriteUnits?: number;
}

/**
 * How many partitions the index of due orders has where nothing is said of it: an order writes twice as many units to
 * its table as entries into the index, so that the index keeps up with whatever the table is warm for.
 */
export function fitDueShards(warmWriteUnits = 0): number {
  return Math.min(definitions.dueShards.most, Math.max(4, Math.ceil(warmWriteUnits / 1_000)));
}

/** Runs kept for webhooks in production: enough for `webhooksPerSecond` at a tenth of a second each. */
const productionWebhookRuns = 50;
/** Runs kept in production for who has a lock: some 20 ms each, enough for a thousand heartbeats, saves and releases a second. */
const productionOwnerRuns = 20;

/** Pairs of a name and a number. */
function readRoutes(read: ContextReader): Capacity["routesPerSecond"] {
  const pairs = read.list("routesPerSecond", definitions.routesPerSecond);
  return Object.fromEntries(
    pairs.map((pair) => {
      const [name = "", perSecond] = pair.split("=");
      return [name, Number(perSecond)];
    }),
  );
}

/** Reads them; what is kept in production by itself is given up by a 0. */
export function readCapacity(read: ContextReader, production: boolean): Capacity {
  const number = <K extends NumberKey>(key: K) => read.number(key, definitions[key]);
  const warmWriteUnits = number("warmWriteUnits");
  return {
    throttlePerSecond: number("throttlePerSecond"),
    ordersPerSecond: number("ordersPerSecond"),
    webhooksPerSecond: number("webhooksPerSecond"),
    routesPerSecond: readRoutes(read),
    reservedForWebhooks: number("reservedForWebhooks") ?? (production ? productionWebhookRuns : 0),
    reservedForOwners: number("reservedForOwners") ?? (production ? productionOwnerRuns : 0),
    reservedForChanges: number("reservedForChanges"),
    reservedForCleanup: number("reservedForCleanup"),
    dueShards: number("dueShards") ?? fitDueShards(warmWriteUnits),
    ...omitMissing({ warmReadUnits: number("warmReadUnits"), warmWriteUnits }),
  };
}

type NumberKey = {
  [K in keyof typeof definitions]: (typeof definitions)[K]["kind"] extends "number" ? K : never;
}[keyof typeof definitions];
