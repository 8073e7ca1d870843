/** The contract of people: what there is of one, and its erasure. */
import { z } from "zod";
import { erasurePhases } from "../people/person.ts";
import { auditEntry, lockView } from "./admin.ts";
import { cartView } from "./cart-fields.ts";
import { endpoint } from "./endpoint.ts";
import { cursorField, identifier, instantField } from "./fields.ts";
import { orderView } from "./orders.ts";

const wiring = { function: "people", access: "admin", outsideClient: true } as const;
const path = "/admin/people/{userId}";
const params = z.object({ userId: identifier });

/** `GET /admin/people/{userId}` */
export const exportPerson = endpoint("exportPerson", "GET", path, {
  ...wiring,
  summary:
    "What there is of a person: orders, carts, locks, and what the audit trail has about and by them. Ask with the " +
    "cursor until there is none; a page can be empty and still have one.",
  params,
  query: z.strictObject({ cursor: cursorField }),
  answers: {
    200: z.object({
      orders: z.array(orderView),
      carts: z.array(cartView),
      locks: z.array(lockView),
      entries: z.array(auditEntry),
      cursor: z.string().nullable(),
    }),
  },
});

/** `DELETE /admin/people/{userId}` */
export const erasePerson = endpoint("erasePerson", "DELETE", path, {
  ...wiring,
  summary:
    "Erase what tells of a person in orders, carts, locks and the audit trail; amounts, lines and history stay. Repeat it " +
    "until `done`: each call goes on where the one before ended, whatever became of that.",
  params,
  query: z.strictObject({
    includeUnsent: z
      .enum(["true", "false"])
      .default("false")
      .describe("Also of orders that are paid and not sent: who sends them knows no address then."),
  }),
  answers: {
    200: z.object({
      userId: z.string(),
      done: z.boolean(),
      phase: z.enum(erasurePhases),
      orders: z.int().describe("Gone through by now."),
      carts: z.int(),
      locks: z.int().describe("Those that had the person's name."),
      auditEntries: z.int(),
      beganAtMs: instantField,
      endedAtMs: instantField.nullable(),
    }),
  },
  errors: ["PERSON_BUSY"],
});

/** The endpoints of this domain. */
export const personEndpoints = [exportPerson, erasePerson] as const;
