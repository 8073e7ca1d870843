/** The environment of a function, checked; nothing else reads `process.env`. */
import * as z from "zod";
import { secondsToMs } from "../../shared/base/time.ts";
import { mostDueShards, usualDueShards } from "../../shared/orders/due-shards.ts";
import type { PaymentMethod } from "../../shared/orders/order.ts";
import type { TableName } from "../../shared/table/table-name.ts";

// Made at every cold start: checks are added at once, since each call in a chain makes one schema more.
const number = z.coerce.number();
const count = number.check(z.gte(0));
const seconds = number.check(z.gt(0));
const whole = (min: number, max: number) => number.check(z.int(), z.gte(min), z.lte(max));
const text = z.string().default("");
const onOrOff = z.enum(["on", "off"]);

const settingsSchema = z.object({
  STAGE: z.string().default("dev"),
  PRODUCTION: onOrOff.default("off"),
  API_URL: text,
  HOLD_SECONDS: seconds.default(300),
  PAYMENT_SECONDS: seconds.default(600),
  MAX_HOLD_SECONDS: seconds.default(3600),
  DUE_SHARDS: whole(1, mostDueShards).default(usualDueShards),
  MAX_OPEN_ORDERS: count.default(5),
  MAX_UNITS_PER_LINE: count.default(100),
  MAX_UNPAID_ORDERS: count.default(5),
  MAX_LOCKS_PER_USER: count.default(50),
  MAX_LOCK_SECONDS: seconds.default(28_800),
  UNPAID_PAUSE_SECONDS: seconds.default(900),
  LATE_MONEY_SECONDS: number.check(z.gte(0), z.lte(604_800)).default(86_400),
  ON_PAYMENT_FAILURE: z.enum(["release", "keep"]).default("release"),
  CART_LOCKING: onOrOff.default("off"),
  AUTO_SHARDS: whole(0, 50).default(8),
  SOLD_OUT_MEMORY_MS: whole(0, 60_000).default(250),
  SECRET_OVERLAP_HOURS: number.check(z.gte(0), z.lte(24)).default(24),
  LOW_STOCK: whole(0, 1_000_000).default(5),
  LEARNED_HOLDS: z.enum(["off", "suggest", "apply"]).default("off"),
  LEARNED_HOLD_LEAST_SECONDS: seconds.default(60),
  LEARNED_HOLD_MOST_SECONDS: seconds.default(1800),
  KEPT_LONGEST_PERCENT: whole(1, 5).default(2),
  LATE_PAYMENT_SECONDS: seconds.default(3600),
  LOCK_TIMEOUT_SECONDS: seconds.default(5),
  GROUPS_CLAIM: z.string().min(1).default("cognito:groups"),
  ADMIN_GROUP: z.string().min(1).default("admin"),
  DOCUMENT_ACCESS: z.enum(["open", "group"]).default("open"),
  EDITORS_GROUP: z.string().min(1).default("editors"),
  /** Where WebSockets are, where they are posted to, and who does that. */
  LIVE_URL: text,
  LIVE_ENDPOINT: text,
  LIVE_POSTS_FUNCTION: text,
  /** The bus that events are put on. */
  EVENT_BUS: text,
  /** What CloudFront says with each request, where nobody may come around it. */
  ORIGIN_SECRET: text,
  SERVER_TIMING: onOrOff.default("off"),
});

/** The settings of this function, with the defaults of the design. */
export const env = settingsSchema.parse(process.env);

/** What Lambda calls this function, and which of its versions this is: a number, or `$LATEST`. */
export const runtime = {
  functionName: process.env["AWS_LAMBDA_FUNCTION_NAME"] ?? "",
  version: process.env["AWS_LAMBDA_FUNCTION_VERSION"] ?? "$LATEST",
};

/**
 * Where a table of this function is. Only those that `infra/permissions.ts` grants are known here.
 *
 * @throws Error for any other table, before anything is sent
 */
export function tableName(table: TableName): string {
  const name = optional(`${table.toUpperCase()}_TABLE`);
  if (name === undefined) throw new Error(`This function was not granted the table ${table}`);
  return name;
}

/** The time that a shopper has to pay by this method. */
export function paymentMs(method: PaymentMethod): number {
  const own = Number(optional(`${method.toUpperCase()}_PAYMENT_SECONDS`));
  return secondsToMs(own > 0 ? own : env.PAYMENT_SECONDS);
}

/** How long an order may hold its units while a bank is at work on a payment by this method. */
export function processingMs(method: PaymentMethod): number {
  const own = Number(optional(`${method.toUpperCase()}_MAX_HOLD_SECONDS`));
  return secondsToMs(own > 0 ? own : env.MAX_HOLD_SECONDS);
}

/** A variable that may be missing. */
export function optional(name: string): string | undefined {
  return process.env[name] || undefined;
}
