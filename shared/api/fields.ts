/** The fields that several endpoints share, each with its bounds. */
// As a namespace: of the object `z` a bundler keeps all of zod, in fifty languages.
import * as z from "zod";
import { providerNames } from "../base/payment-providers.ts";

/** Largest quantity of one line and largest stock level that can be set in one step. */
export const maxQuantity = 1_000_000;
/** Largest amount of money in one price, in minor units; totals stay exact integers far beyond it. */
export const maxAmountMinor = 1_000_000_000;

// Schemas are made at every cold start, and each call in a chain makes one more: checks are added at once.
const isWellFormed = z.refine<string>(
  (value) => value.isWellFormed(),
  "must be well-formed Unicode",
);
const isOneLine = z.refine<string>(
  (value) => !/\p{Cc}/u.test(value),
  "must not hold control characters",
);
const isProse = z.refine<string>(
  (value) => !/[^\P{Cc}\n\r\t]/u.test(value),
  "must not hold control characters",
);
const isNoStep = z.refine<string>((value) => !/^\.{1,2}$/.test(value), "must not be . or ..");
const isFilled = z.minLength(1);

/** Text that is stored and shown: no control characters, no lone surrogates. */
export function text(maxLength: number) {
  return z.string().check(isFilled, z.maxLength(maxLength), isWellFormed, isOneLine);
}

/** Text of several lines, for people. */
export function prose(maxLength: number) {
  return z.string().check(isFilled, z.maxLength(maxLength), isWellFormed, isProse);
}

/** Any JSON object, within so many bytes of its text. */
export function jsonObject(maxBytes: number) {
  const bytes = (value: unknown): number => new TextEncoder().encode(JSON.stringify(value)).length;
  return z
    .record(z.string(), z.unknown())
    .refine((value) => bytes(value) <= maxBytes, `takes at most ${maxBytes} bytes of JSON`);
}

/** A name that can stand in an address: `.` and `..` cannot, since whoever sends one takes them for steps. */
export function name(maxLength: number) {
  return z.string().check(isFilled, z.maxLength(maxLength), isWellFormed, isOneLine, isNoStep);
}

/** An identifier chosen by a client: up to 128 characters. */
export const identifier = name(128);
/** Names an item in the path. */
export const itemParams = z.object({ itemId: identifier });
/** The owner of a cart or order; `me` stands for the caller. */
export const userIdField = name(128);
/** The device or visit that a cart belongs to. */
export const sessionIdField = name(128);
/** Names one place in line. */
export const ticketField = text(128);
/** The name of one cart of a session, for example `ticket`. */
export const instanceField = z
  .string()
  .regex(/^[A-Za-z0-9_-]{1,64}$/, "must be 1 to 64 letters, digits, - or _");
/** A quantity of at least 1. */
export const quantityField = z.int().min(1).max(maxQuantity);
/** A currency of ISO 4217. */
export const currencyField = z
  .string()
  .regex(/^[A-Z]{3}$/, "must be an ISO 4217 code")
  .refine((code) => Intl.supportedValuesOf("currency").includes(code), "is not a known currency");
/** A price: whole minor units and their currency. */
export const priceField = z
  .strictObject({
    amountMinor: z.int().min(0).max(maxAmountMinor),
    currency: currencyField,
  })
  .meta({ id: "Price" });
/** An instant in milliseconds since the epoch. */
export const instantField = z.int().min(0);
/** How many rows a page has, at the most. */
export const limitField = z.coerce.number().check(z.int(), z.gte(1), z.lte(100)).default(20);
/** Where the next page starts, as the page before it said. */
export const cursorField = z.string().check(isFilled, z.maxLength(2_048)).optional();
/** The way money reaches the shop. */
export const providerField = z.enum(providerNames);
