/** The contract of what administrators see of demand: what is fought over, by whom it was had and why it was not. */
import { z } from "zod";
import { contentionKinds, refusalReasons } from "../insight/contention.ts";
import { endpoint } from "./endpoint.ts";
import { cursorField, instantField, limitField } from "./fields.ts";

/** Durations that were counted, in milliseconds; no quantiles of none. */
const durations = z
  .object({
    count: z.int(),
    p50Ms: z.number().nullable(),
    p95Ms: z.number().nullable(),
    p99Ms: z.number().nullable(),
  })
  .meta({ id: "Durations" });

/** What was counted of one thing in one minute. */
const contentionMinute = z
  .object({
    kind: z.enum(contentionKinds),
    resource: z
      .string()
      .describe("Its name; `others` for those that there was no room for, `all` of the shop."),
    minuteMs: instantField.describe("When the minute begins."),
    attempts: z.int().describe("Granted and refused."),
    granted: z.int(),
    refused: z.partialRecord(z.enum(refusalReasons), z.int()).describe("By reason."),
    conflicts: z.int().describe("Transactions of others that were met and tried again."),
    waits: durations.describe("How long those waited who waited for a lock."),
    holds: durations.describe("How long those had it who have it no more."),
  })
  .meta({ id: "ContentionMinute" });

const instantInQuery = z.coerce.number().check(z.int(), z.gte(0)).optional();

/** `GET /admin/analytics/contention` */
export const listContention = endpoint("listContention", "GET", "/admin/analytics/contention", {
  function: "admin",
  access: "admin",
  outsideClient: true,
  summary:
    "How often things were wanted, had and refused, minute by minute, the newest hour first: of the last hour " +
    "unless said otherwise, of a day at the most. Kept for 8 days; some counts may be missing, none is told twice.",
  query: z.strictObject({
    kind: z.enum(contentionKinds).describe("`shop`: all orders and refusals, one row a minute."),
    from: instantInQuery.describe("In milliseconds; default: an hour before `to`."),
    to: instantInQuery.describe("In milliseconds; default: now."),
    cursor: cursorField,
    limit: limitField,
  }),
  answers: {
    200: z.object({ minutes: z.array(contentionMinute), cursor: z.string().nullable() }),
  },
});

/** The endpoints of this domain. */
export const analyticsEndpoints = [listContention] as const;
