/**
 * `holdfast/locks`: exclusive, expiring rights to act on whatever has a name, kept in one DynamoDB table.
 *
 * At most one owner at any instant, a fence that only grows, leases that end at an exact instant without any sweep, and
 * proof of ownership that the protected write itself carries.
 *
 * **Table**: `locksTable("my-locks")` is the input of CreateTable (TTL attribute `ttlSeconds`); with the CDK
 * `HoldfastLocks` of `holdfast/cdk` makes it.
 *
 * **IAM**: `dynamodb:GetItem`, `BatchGetItem`, `UpdateItem`, `ConditionCheckItem` on the table, and `Query` on its indexes for
 * `list` and `sweep`; `UpdateItem` on the table of owners and `PutItem` on that of requests, where there are any.
 *
 * @example
 * import { createLocks, LockHeld } from "holdfast/locks";
 *
 * const locks = createLocks({ table: "my-locks" });
 * const owner = { userId: "worker-7" };
 * try {
 *   await locks.withLock("report/monthly", { owner }, async ({ signal, fence }) => {
 *     const report = await build({ signal }); // aborted before a lease that could not be renewed is over
 *     await upload(report, { fence }); // the other side refuses fences below the last one it has seen
 *   });
 * } catch (error) {
 *   if (!(error instanceof LockHeld)) throw error;
 *   console.log(`busy until ${new Date(error.lock.expiresAtMs)}`);
 * }
 */
import type { Logger } from "../shared/base/logger.ts";
import { createLockService, type LockService } from "../shared/locks/lock-service.ts";
import { type Connection, openDatabase } from "./open-database.ts";
import { tableInput, type TableInput } from "./table-input.ts";

export { HoldfastError } from "../shared/base/errors.ts";
export type { Logger } from "../shared/base/logger.ts";
export {
  type Lock,
  LockHeld,
  type LockInfo,
  LockNotOwned,
  type LockOwner,
  type LockProof,
  type LockScope,
  LockTimeout,
  lockView,
} from "../shared/locks/lock.ts";
export type { LockService } from "../shared/locks/lock-service.ts";
export type { Connection } from "./open-database.ts";

/** Where the locks are, and what one user may withhold. */
export interface LocksOptions extends Connection {
  readonly table: string;
  /** The table that counts each user's locks (`lockOwnersTable`); needed for limits, and only for them. */
  readonly ownersTable?: string;
  /** The table that remembers idempotency keys for a day (`lockRequestsTable`); needed for them, and only for them. */
  readonly requestsTable?: string;
  /** Without it nobody is limited. A lock is held for at most so long in a row, renewals included. */
  readonly limits?: { readonly maxLocksPerUser: number; readonly maxLockMs: number };
  /** Hears what went wrong beside the work: a renewal in vain, a lock that could not be given back. */
  readonly logger?: Logger;
}

/**
 * Makes locks over a table. Opens nothing yet: the first request does.
 *
 * @example const locks = createLocks({ table: "my-locks", dynamodb: { region: "eu-west-1" } });
 */
export function createLocks(options: LocksOptions): LockService {
  const { table, ownersTable, requestsTable, limits, logger } = options;
  if (limits && ownersTable === undefined) {
    throw new Error("Limits are counted in a table of their own: name it as ownersTable");
  }
  return createLockService({
    database: openDatabase({ Locks: table, Owners: ownersTable, Requests: requestsTable }, options),
    ...(limits ? { settings: { lockLimits: limits } } : {}),
    ...(logger ? { logger } : {}),
  });
}

/** The table of locks, as CreateTable wants it. */
export const locksTable = (name: string): TableInput => tableInput("Locks", name);

/** The table that counts each user's locks, as CreateTable wants it. */
export const lockOwnersTable = (name: string): TableInput => tableInput("Owners", name);

/** The table that remembers idempotency keys, as CreateTable wants it. */
export const lockRequestsTable = (name: string): TableInput => tableInput("Requests", name);
