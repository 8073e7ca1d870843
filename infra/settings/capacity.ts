/** What a deployment lets in at once and keeps ready. */
import { operationDefinitions as definitions } from "./operation-definitions.ts";

/** How much is let in at once, and what is kept ready for it. */
export interface Capacity {
  readonly throttlePerSecond: number;
  readonly ordersPerSecond: number;
  readonly webhooksPerSecond: number;
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
export const productionWebhookRuns = 50;
/** Runs kept in production for who has a lock: some 20 ms each, enough for a thousand heartbeats, saves and releases a second. */
export const productionOwnerRuns = 20;
