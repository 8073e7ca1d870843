/** Wompi's events: which values each one says are signed, and whether they are. */
import * as z from "zod";
import type { ProviderKeys, WebhookDelivery } from "./provider.ts";
import { parseJson, matchesAny, sameText, sha256Hex } from "./signatures.ts";

const eventSchema = z.object({
  event: z.string(),
  data: z.record(z.string(), z.unknown()),
  timestamp: z.int(),
  signature: z.object({
    properties: z
      .array(z.string().regex(/^\w+(\.\w+)*$/))
      .min(1)
      .max(50),
    checksum: z.string(),
  }),
});

/** An event as Wompi sends it. */
export type WompiEvent = z.infer<typeof eventSchema>;

function valueAt(data: unknown, path: string): unknown {
  return path.split(".").reduce<unknown>((value, name) => {
    const isMap = typeof value === "object" && value !== null && Object.hasOwn(value, name);
    return isMap ? (value as Record<string, unknown>)[name] : undefined;
  }, data);
}

/**
 * What Wompi signs: the values of the properties that this very event lists, in its order, then its
 * timestamp, then the event secret. Undefined when a value is missing or is no plain one.
 */
export function wompiPreimage({ data, signature, timestamp }: WompiEvent): string | undefined {
  const values = signature.properties.map((path) => valueAt(data, path));
  const arePlain = values.every((value) => ["string", "number", "boolean"].includes(typeof value));
  return arePlain ? `${values.map(String).join("")}${timestamp}` : undefined;
}

/** The event, if one of our secrets made its checksum; hexadecimal in either case, as Wompi prints it. */
export function genuineEvent(
  { body, headers }: WebhookDelivery,
  keys: readonly ProviderKeys[],
): WompiEvent | undefined {
  const event = eventSchema.safeParse(parseJson(body)).data;
  const preimage = event && wompiPreimage(event);
  if (!event || preimage === undefined) return undefined;
  const given = event.signature.checksum.toLowerCase();
  const inHeader = headers["x-event-checksum"]?.toLowerCase() ?? given;
  const expected = keys.flatMap(({ webhookSecret }) =>
    webhookSecret ? [sha256Hex(preimage + webhookSecret)] : [],
  );
  const isSigned = matchesAny(given, expected);
  return isSigned && sameText(inHeader, given) ? event : undefined;
}
