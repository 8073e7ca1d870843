/** How much a cart may hold; each limit is a clear refusal long before DynamoDB's own. */
import { TooLarge } from "../../base/errors.ts";
import type { CartInstance, CartLine } from "./cart.ts";

/** Lines of all instances of one cart together. */
export const maxLines = 200;
/**
 * Conditions of all instances of one cart together. What an order bought is removed by one update,
 * whose expression DynamoDB limits to 4 KB: 200 lines and 50 conditions fit.
 */
export const maxConditions = 50;
/** Units in one line. */
export const maxLineQuantity = 1_000_000;
/** So many characters of a digest carry 96 bits: no two choices of an item meet by chance. */
export const choiceDigestLength = 16;
/** The longest id that a line can have: an item's id of 128 characters and a digest. */
export const maxLineIdLength = 128 + 1 + choiceDigestLength;
/** Bytes of JSON text in one metadata value or in one line's attributes. */
export const maxJsonBytes = 4_096;

/**
 * Bytes of JSON text in the attributes of all lines of one cart, and of one order: whatever fits the cart can be
 * ordered, and an order's row has room for 400 KB of everything.
 */
const maxAttributeBytes = 65_536;

/** Metadata values of all instances of one cart together. */
export const maxMetadataKeys = 50;
/** KB of metadata in one cart; each value counts the KB that it has begun. */
export const maxMetadataKb = 64;

/** So many KB a metadata value counts. */
export function countKb(json: string): number {
  return Math.ceil(Buffer.byteLength(json) / 1_024);
}

/** How much metadata these instances have together. */
function measureMetadata(instances: Iterable<CartInstance>): { keys: number; kb: number } {
  const values = [...instances].flatMap(({ metadata }) => [...metadata.values()]);
  return { keys: values.length, kb: values.reduce((sum, json) => sum + countKb(json), 0) };
}

/** The error of a cart with more metadata than it may have. */
export function tooMuchMetadata(keys: number): TooLarge {
  return keys > maxMetadataKeys
    ? new TooLarge(`A cart has at most ${maxMetadataKeys} metadata keys`, maxMetadataKeys)
    : new TooLarge(`A cart has at most ${maxMetadataKb} KB of metadata`, maxMetadataKb * 1_024);
}

/** @throws TooLarge when a cart would have more metadata than it may, and more than it has already */
export function checkMetadata(
  instances: Iterable<CartInstance>,
  present: Iterable<CartInstance>,
): void {
  const [next, known] = [measureMetadata(instances), measureMetadata(present)];
  if (next.keys > Math.max(maxMetadataKeys, known.keys)) throw tooMuchMetadata(next.keys);
  if (next.kb > Math.max(maxMetadataKb, known.kb)) throw tooMuchMetadata(0);
}

type Chosen = Pick<CartLine, "attributes">;

function measureAttributes(lines: readonly Chosen[]): number {
  return lines.reduce((sum, { attributes = "" }) => sum + Buffer.byteLength(attributes), 0);
}

/** @throws TooLarge when more was chosen than a cart or an order remembers, and more than in `present` already */
export function checkAttributes(lines: readonly Chosen[], present: readonly Chosen[] = []): void {
  const bytes = measureAttributes(lines);
  if (bytes <= maxAttributeBytes || bytes <= measureAttributes(present)) return;
  const detail = `attributes: those of all lines together take at most ${maxAttributeBytes} bytes of JSON`;
  throw new TooLarge(detail, maxAttributeBytes);
}

/** The lines of all of them. */
export function listLines(instances: Iterable<CartInstance>): CartLine[] {
  return [...instances].flatMap(({ lines }) => lines);
}

/** How many lines these instances have together. */
export function countLines(instances: Iterable<CartInstance>): number {
  return listLines(instances).length;
}

/** @throws TooLarge when a cart would have more lines than it may */
export function checkLineCount(count: number): void {
  if (count > maxLines) throw new TooLarge(`A cart has at most ${maxLines} lines`, maxLines);
}

/** @throws TooLarge when a line would have more units than it may */
export function checkLineQuantity(quantity: number): void {
  if (quantity <= maxLineQuantity) return;
  throw new TooLarge(`A line has at most ${maxLineQuantity} units`, maxLineQuantity);
}

/** @throws TooLarge when a cart would have more conditions than it may */
export function checkConditionCount(instances: Iterable<CartInstance>): void {
  const count = [...instances].reduce((sum, { conditions }) => sum + conditions.length, 0);
  if (count <= maxConditions) return;
  throw new TooLarge(`A cart has at most ${maxConditions} conditions`, maxConditions);
}

/**
 * A JSON value as the text that is stored.
 *
 * @throws TooLarge when it takes more than 4 KB
 */
export function jsonText(value: unknown, what: string): string {
  const text = JSON.stringify(value) ?? "null";
  if (Buffer.byteLength(text) <= maxJsonBytes) return text;
  throw new TooLarge(`${what} takes at most ${maxJsonBytes} bytes of JSON`, maxJsonBytes);
}
