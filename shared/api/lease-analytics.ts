/** The contract of what administrators see of the leases of documents: for how long owners are silent, and what follows. */
import { z } from "zod";
import { endpoint } from "./endpoint.ts";

const ages = z.array(z.object({ upToSeconds: z.number(), owners: z.int() }));

/** What is known of one length of a lease. */
const leaseInUse = z
  .object({
    kind: z.literal("document"),
    leaseSeconds: z.int().describe("As it was asked for, on average where others are within 9 %."),
    suggestedSeconds: z
      .int()
      .nullable()
      .describe("None while fewer than 200 owners were seen who fell silent under it."),
    reason: z.string(),
    silences: z.int().describe("Owners not heard of for more than half of their lease."),
    renewalsPerHour: z.int().describe("Requests of an owner who is there, as the client renews."),
    suggestedRenewalsPerHour: z.int().nullable(),
    back: ages.describe("Owners by how long they had been silent when they came back in time."),
    gone: ages.describe("Owners by how long they had been silent when it was seen no further."),
  })
  .meta({ id: "LeaseInUse" });

/** `GET /admin/analytics/leases` */
export const listLeases = endpoint("listLeases", "GET", "/admin/analytics/leases", {
  function: "admin",
  access: "admin",
  outsideClient: true,
  summary:
    "For each lease that documents are locked for the one that would cost least, why, and what it is made from.",
  answers: {
    200: z.object({
      usualSeconds: z.int().describe("The lease of whoever asks for none."),
      leastSeconds: z.number().describe("Nothing shorter is suggested."),
      mostSeconds: z.number().describe("Nothing longer is suggested."),
      leases: z.array(leaseInUse).describe("The one that most silences were seen under first."),
    }),
  },
});

/** The endpoints of this domain. */
export const leaseAnalyticsEndpoints = [listLeases] as const;
