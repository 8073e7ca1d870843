/** The contract of what administrators see of learned hold times. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";
import { instantField } from "./fields.ts";

const ages = z.array(z.object({ upToSeconds: z.number(), orders: z.int() }));

/** How an order came by the time for which it holds its units. */
export const holdDecision = z
  .object({
    by: z.enum(["setting", "learned", "kept_longest"]),
    reason: z.string(),
    seconds: z.number().describe("For how long, until a payment starts and from then on."),
  })
  .describe("Only where hold times are learned, and applied.")
  .meta({ id: "HoldDecision" });

/** What is known of one payment method. */
const methodHold = z
  .object({
    method: z.string(),
    settingSeconds: z.number().describe("What settings say."),
    learned: z
      .object({
        seconds: z.number(),
        scarceSeconds: z.number().describe("Where few units are left."),
        reason: z.string(),
        observations: z.int(),
        decidedAtMs: instantField,
      })
      .nullable()
      .describe("None while fewer than 200 orders were seen, or none are counted."),
    isApplied: z.boolean().describe("New orders have it; otherwise it is only suggested."),
    paid: ages.describe("Orders by their age when their money came."),
    unpaid: ages.describe("Orders by the age up to which they were not paid."),
  })
  .meta({ id: "MethodHold" });

/** `GET /admin/analytics/holds` */
export const listHolds = endpoint("listHolds", "GET", "/admin/analytics/holds", {
  function: "admin",
  access: "admin",
  outsideClient: true,
  summary:
    "The learned hold time of each payment method, why it is that, and what it is made from.",
  answers: { 200: z.object({ holds: z.array(methodHold) }) },
});

/** The endpoints of this domain. */
export const holdAnalyticsEndpoints = [listHolds] as const;
