/** Pages of a list and the opaque cursors between them. */
import { InvalidRequest } from "../base/errors.ts";
import type { Key, Row } from "./write.ts";

/** Some rows and, when there are more, the cursor that continues behind them. */
export interface Page<T = Row> {
  readonly rows: readonly T[];
  readonly cursor?: string;
}

/** The cursor of a position in a table; opaque to clients. */
export function encodeCursor(key: Key): string {
  return Buffer.from(JSON.stringify(key)).toString("base64url");
}

/** The error for a text that is no cursor, or another list's. */
export function notACursor(): InvalidRequest {
  return new InvalidRequest([{ path: "cursor", message: "is not a cursor of this list" }]);
}

/** Keys have text and whole numbers only; anything else is no position, and may be more than a request can carry. */
function isPart(part: unknown): boolean {
  return typeof part === "string" ? part.isWellFormed() : Number.isSafeInteger(part);
}

function isKey(value: unknown): value is Key {
  return (
    typeof value === "object" &&
    value !== null &&
    !Array.isArray(value) &&
    Object.values(value).every(isPart)
  );
}

/**
 * The position that a cursor stands for. A forged one cannot leave its list: DynamoDB checks it
 * against the query's own partition.
 *
 * @throws InvalidRequest when it is no cursor at all
 */
export function decodeCursor(cursor: string): Key {
  try {
    const key: unknown = JSON.parse(Buffer.from(cursor, "base64url").toString());
    if (isKey(key)) return key;
  } catch {
    // Not JSON: answered below like every other text that is no cursor.
  }
  throw notACursor();
}
