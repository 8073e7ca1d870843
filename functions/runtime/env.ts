/** The environment of a function, checked; nothing else reads `process.env`. */
import { z } from "zod";

const seconds = z.coerce.number().positive();

const settingsSchema = z.object({
  STAGE: z.string().default("dev"),
  PRODUCTION: z.enum(["on", "off"]).default("off"),
  API_URL: z.string().default(""),
  HOLD_SECONDS: seconds.default(300),
  PAYMENT_SECONDS: seconds.default(600),
  MAX_HOLD_SECONDS: seconds.default(3600),
  ON_PAYMENT_FAILURE: z.enum(["release", "keep"]).default("release"),
  CART_LOCKING: z.enum(["on", "off"]).default("off"),
  LOCK_TIMEOUT_SECONDS: seconds.default(5),
  GROUPS_CLAIM: z.string().min(1).default("cognito:groups"),
  ADMIN_GROUP: z.string().min(1).default("admin"),
  SERVER_TIMING: z.enum(["on", "off"]).default("off"),
});

/** The settings of this function, with the defaults of the design. */
export const env = settingsSchema.parse(process.env);

/** A variable that this function cannot do without, for example the name of a table granted to it. */
export function required(name: string): string {
  const value = process.env[name];
  if (value === undefined || value === "") throw new Error(`The variable ${name} is not set`);
  return value;
}

/** A variable that may be missing. */
export function optional(name: string): string | undefined {
  return process.env[name] || undefined;
}
