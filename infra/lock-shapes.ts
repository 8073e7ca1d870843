/** The tables of locks, which whoever uses locks alone takes without the others. */
import { number, type TableShape, text } from "./table-shape.ts";

/** Who has what, by the name of what is locked. */
export const lockShape = {
  partition: text("resource"),
  indexes: {
    byExpiry: {
      partition: text("kindShard"),
      sort: number("expiresAtMs"),
      projection: "KEYS_ONLY",
    },
    // Lists go by what stays the same while a lock lives: a renewal moves it in `byExpiry`.
    byName: { partition: text("kindShard"), sort: text("resource"), projection: "KEYS_ONLY" },
  },
  stream: true,
  ttl: true,
} as const satisfies TableShape;

/** Which locks each user took: follows from the locks, so nothing of it is told. */
export const ownerShape = {
  partition: text("userId"),
  stream: false,
  ttl: true,
} as const satisfies TableShape;

/** What was asked for under which idempotency key: the change itself is told elsewhere. */
export const requestShape = {
  partition: text("requestId"),
  stream: false,
  ttl: true,
} as const satisfies TableShape;
