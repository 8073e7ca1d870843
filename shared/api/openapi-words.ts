/** What the reference says beyond schemas: who may call and what a repetition does, and values to try routes with. */
import * as z from "zod";
import { defaultBodyBytes, type Endpoint } from "./endpoint.ts";

/**
 * Values of parameters that have to be there, by name. They belong together with the bodies that endpoints show:
 * what one example makes, another one reads.
 */
const values: Readonly<Record<string, string>> = {
  code: "SUMMER",
  deliveryId: "dlv_0123456789",
  docId: "report/7",
  endpointId: "books",
  instance: "default",
  itemId: "chair",
  key: "gift",
  kind: "item",
  lineId: "chair",
  name: "till/1",
  orderId: "ord_01HZX4T0C2M8QF",
  provider: "stripe",
  resource: "item/chair",
  sessionId: "default",
  subject: "item/chair",
  ticket: "tkt_0123456789",
  userId: "me",
};

/**
 * Where a name means something else: conditions have names too, and administrators ask about others. And what only
 * its example needs: items that are ordered without a cart take a key.
 */
const valuesOf: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  placeOrder: { "idempotency-key": "first" },
  setCartCondition: { name: "welcome" },
  removeCartCondition: { name: "welcome" },
  exportPerson: { userId: "ada" },
  erasePerson: { userId: "ada" },
};

/**
 * A value to try a parameter with, or undefined where it is left out: a list is not to be filtered by whoever tries it.
 *
 * @throws Error when a parameter that has to be there has none
 */
export function exampleParameter(
  endpoint: Endpoint,
  { name, required }: { name: string; required: boolean },
): string | undefined {
  const value = valuesOf[endpoint.name]?.[name] ?? (required ? values[name] : undefined);
  if (required && value === undefined)
    throw new Error(`${endpoint.name} has no example of ${name}`);
  return value;
}

function describeCallers({ access, path }: Endpoint): string {
  if (access === "anyone") return "Needs no token.";
  if (access === "admin") return "For administrators.";
  return path.includes("{userId}")
    ? "For the user who is named, `me`, and for administrators."
    : "For whoever is signed in.";
}

function describeRepetition({ method, headers, repeatable }: Endpoint): string | undefined {
  if (headers instanceof z.ZodObject && "idempotency-key" in headers.shape) {
    return "Repeated with its `Idempotency-Key` it has the effect of once.";
  }
  const isOnce = repeatable || method === "PUT" || method === "DELETE";
  return isOnce ? "Sent twice it has the effect of once." : undefined;
}

/** Who may call an endpoint, whether it may be repeated, and how much it takes, in sentences made from the contract. */
export function describeEndpoint(endpoint: Endpoint): string {
  const { maxBodyBytes = defaultBodyBytes, outsideProduction } = endpoint;
  const sentences = [
    describeCallers(endpoint),
    describeRepetition(endpoint),
    maxBodyBytes > defaultBodyBytes ? `Takes up to ${maxBodyBytes / 1024} KB.` : undefined,
    outsideProduction ? "Not in a production stage." : undefined,
  ];
  return sentences.filter((sentence) => sentence !== undefined).join(" ");
}
