/** Checks what callers of a part hand in, before anything is read or written. */
import type * as z from "zod";
import { InvalidRequest } from "../shared/base/errors.ts";

/**
 * Reads a value as its fields say.
 *
 * @throws InvalidRequest with all that is wrong with it; nothing was read or written
 */
export function parseAs<T>(fields: z.ZodType<T>, value: unknown): T {
  const { success, data, error } = fields.safeParse(value);
  if (success) return data;
  throw new InvalidRequest(
    error.issues.map(({ path, message }) => ({ path: path.join("."), message })),
  );
}
