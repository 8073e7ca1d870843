/** Answers that are problems, as errors that a program can tell apart. */
import type { LockInfo } from "./contract.ts";

interface NotOwned {
  readonly success: false;
  /** The present owner's lock, or null where nobody has it. */
  readonly lockInfo: LockInfo | null;
}

/** What a line of an order was refused for. */
export interface FailedItem {
  readonly itemId: string;
  readonly reason: "locked" | "insufficient_stock" | "price_changed" | "not_found" | "not_for_sale";
  readonly available: number;
  readonly requested: number;
  readonly lockedUntilMs?: number;
}

/** The extra fields of each code that has some. */
export interface ProblemFields {
  INVALID_REQUEST: { readonly issues: readonly { path: string; message: string }[] };
  ITEMS_UNAVAILABLE: { readonly failedItems: readonly FailedItem[] };
  LOCK_HELD: {
    readonly success: false;
    readonly lockedBy: string;
    readonly lockInfo: LockInfo;
  };
  LOCK_NOT_OWNED: NotOwned;
  LOCK_TIMEOUT: { readonly waitedMs: number };
  VERSION_MISMATCH: { readonly currentVersion: number };
  TOO_LARGE: { readonly limit: number };
  CART_LOCKED: { readonly lockedUntilMs: number; readonly orderId: string };
  ORDER_NOT_PAYABLE: { readonly status: string };
  INSUFFICIENT_STOCK: { readonly available: number };
}

type FieldsOf<Code extends string> = Code extends keyof ProblemFields
  ? ProblemFields[Code]
  : Readonly<Record<string, unknown>>;

/** An answer that says no, or no answer at all (`NO_ANSWER`, status 0: nobody knows what happened). */
export class ApiError<Code extends string = string> extends Error {
  declare readonly status: number;
  declare readonly code: Code;
  /** The whole problem document. */
  declare readonly problem: FieldsOf<Code>;
  /** When it may be worth trying again, in milliseconds from now, as the server says. */
  declare readonly retryAfterMs: number | undefined;

  constructor(given: {
    status: number;
    code: Code;
    problem: object;
    message: string;
    retryAfterMs?: number | undefined;
    cause?: unknown;
  }) {
    const { message, cause, ...fields } = given;
    super(message, { cause });
    Object.assign(this, { name: "ApiError", ...fields });
  }
}

/**
 * Whether an error is the problem with this code; then `error.problem` has that code's fields.
 *
 * @example if (isProblem(error, "LOCK_HELD")) show(error.problem.lockedBy);
 */
export function isProblem<Code extends string>(
  error: unknown,
  code: Code,
): error is ApiError<Code> {
  return error instanceof ApiError && error.code === code;
}

/** What API Gateway says by itself has no code: its authorizer's 401, its throttle, its 404; nor has a 304. */
const gatewayCodes: Readonly<Record<number, string>> = {
  304: "NOT_MODIFIED",
  401: "UNAUTHENTICATED",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  413: "TOO_LARGE",
  429: "TOO_MANY_REQUESTS",
};

/** The error in an answer that is no success. */
export async function errorIn(response: Response): Promise<ApiError> {
  const { status, headers } = response;
  const problem = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  const seconds = Number(headers.get("retry-after") ?? Number.NaN);
  return new ApiError({
    status,
    code: String(problem["code"] ?? gatewayCodes[status] ?? "UNKNOWN"),
    problem,
    message: String(problem["detail"] ?? problem["message"] ?? `Status ${status}`),
    retryAfterMs: Number.isNaN(seconds) ? undefined : seconds * 1_000,
  });
}

/** Whether the server has said something; if not, nobody knows what happened. */
export function isAnswered(error: unknown): boolean {
  return error instanceof ApiError && error.status > 0;
}

/**
 * Whether an error is the last word on a request: sent again, it would be refused again. 401, 408 and 429 say nothing
 * about the request itself: later, it may well succeed.
 */
export function isFinal(error: unknown): boolean {
  return error instanceof ApiError && /^4(?!01|08|29)/.test(String(error.status));
}
