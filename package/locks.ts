/**
 * `holdfast/locks`: exclusive, expiring rights to act on whatever has a name, kept in one DynamoDB table.
 *
 * At most one owner at any instant, a fence that only grows, leases that end at an exact instant without any sweep, and
 * proof of ownership that the protected write itself carries. `createLocks` is that, and no more; `createLockList` lists and tidies up;
 * `createLockService` has lines, trees, groups, limits and idempotency keys besides. What is not imported is in no bundle.
 *
 * **Table**: `locksTable("my-locks")` is the input of CreateTable (TTL attribute `ttlSeconds`); with the CDK
 * `HoldfastLocks` of `holdfast/cdk` makes it.
 *
 * **IAM**: `dynamodb:GetItem`, `UpdateItem` on the table, and `ConditionCheckItem` for `checkItems`. `createLockList` needs `BatchGetItem`,
 * and `Query` on the table's indexes; `createLockService` all of these, `UpdateItem` on the table of owners and `PutItem` on that of
 * requests, where there are any.
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
import { lockShape, ownerShape, requestShape } from "../infra/lock-shapes.ts";
import type { Logger } from "../shared/base/logger.ts";
import { systemClock } from "../shared/base/time.ts";
import { createLockList as createList } from "../shared/locks/lock-list.ts";
import {
  createLockService as createService,
  type LockService as Service,
} from "../shared/locks/lock-service.ts";
import { createPlainLocks, type PlainLocks } from "../shared/locks/plain-lock-service.ts";
import { type LockChecks, withChecks } from "./lock-checks.ts";
import { type Connection, openDatabase } from "./open-database.ts";
import { openItems } from "./open-items.ts";
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
export type { AcquireRequest } from "../shared/locks/lock-requests.ts";
export type { LockChecks, TransactItem } from "./lock-checks.ts";
export type { Connection } from "./open-database.ts";

/** Locks of one name each: take (and wait), renew, give back, end by force, look, prove, and work under one. */
export interface Locks extends PlainLocks, LockChecks {}

/** Locks with all that there is: lines, trees and groups of names, limits, idempotency keys, lists. */
export interface LockService extends Service, LockChecks {}

/** Lists and tidies up. */
export type LockList = ReturnType<typeof createList>;

/** Where the locks are. */
export interface LocksOptions extends Connection {
  readonly table: string;
  /** Hears what went wrong beside the work: a renewal in vain, a lock that could not be given back. */
  readonly logger?: Logger;
}

/** Where the locks are, and what one user may withhold. */
export interface LockServiceOptions extends LocksOptions {
  /** The table that counts each user's locks (`lockOwnersTable`); needed for limits, and only for them. */
  readonly ownersTable?: string;
  /** The table that remembers idempotency keys for a day (`lockRequestsTable`); needed for them, and only for them. */
  readonly requestsTable?: string;
  /** Without it nobody is limited. A lock is held for at most so long in a row, renewals included. */
  readonly limits?: { readonly maxLocksPerUser: number; readonly maxLockMs: number };
}

/**
 * Makes locks of one name each over a table. Opens nothing yet: the first request does.
 *
 * Where some processes use lines, trees or limits, all that work on the same names make their locks by `createLockService`: here a
 * line is not served (`TRY_AGAIN`), nothing is counted, and nothing above or below a name is looked at.
 *
 * @example const locks = createLocks({ table: "my-locks", dynamodb: { region: "eu-west-1" } });
 */
export function createLocks(options: LocksOptions): Locks {
  if ("limits" in options) throw new Error("Limits are counted by createLockService");
  const { table, logger } = options;
  const database = openItems(table, options);
  return withChecks(createPlainLocks({ database, ...(logger ? { logger } : {}) }), table);
}

/**
 * Makes locks with all that there is over a table. Opens nothing yet: the first request does.
 *
 * @example const locks = createLockService({ table: "my-locks", requestsTable: "my-requests" });
 */
export function createLockService(options: LockServiceOptions): LockService {
  const { table, ownersTable, requestsTable, limits, logger } = options;
  if (limits && ownersTable === undefined) {
    throw new Error("Limits are counted in a table of their own: name it as ownersTable");
  }
  const service = createService({
    database: openDatabase({ Locks: table, Owners: ownersTable, Requests: requestsTable }, options),
    ...(limits ? { settings: { lockLimits: limits } } : {}),
    ...(logger ? { logger } : {}),
  });
  return withChecks(service, table);
}

/**
 * Makes what lists the locks of a table, and drops owners whose lease is over; the lists of `createLockService` are the same. Opens
 * nothing yet: the first request does.
 *
 * @example const { rows } = await createLockList({ table: "my-locks" }).list({ limit: 20 });
 */
export function createLockList(options: LocksOptions): LockList {
  const database = openDatabase({ Locks: options.table }, options);
  return createList({ database, clock: systemClock });
}

/** The table of locks, as CreateTable wants it. */
export const locksTable = (name: string): TableInput => tableInput(lockShape, name);

/** The table that counts each user's locks, as CreateTable wants it. */
export const lockOwnersTable = (name: string): TableInput => tableInput(ownerShape, name);

/** The table that remembers idempotency keys, as CreateTable wants it. */
export const lockRequestsTable = (name: string): TableInput => tableInput(requestShape, name);
