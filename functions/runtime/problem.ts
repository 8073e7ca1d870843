/** Turns error codes into HTTP answers; the only place where the two meet. */
import { HoldfastError } from "../../shared/base/errors.ts";
import { systemClock } from "../../shared/base/time.ts";
import { LayoutUnknown } from "../../shared/table/layout.ts";
import type { Answer } from "./answer.ts";

/** Status and title of every code that an answer may carry. */
export const problems: Readonly<Record<string, readonly [status: number, title: string]>> = {
  INVALID_REQUEST: [400, "Invalid request"],
  UNAUTHENTICATED: [401, "Not signed in"],
  BAD_SIGNATURE: [401, "Bad signature"],
  FORBIDDEN: [403, "Forbidden"],
  NOT_FOUND: [404, "No such route"],
  ITEM_NOT_FOUND: [404, "Item not found"],
  ORDER_NOT_FOUND: [404, "Order not found"],
  DOCUMENT_NOT_FOUND: [404, "Document not found"],
  TICKET_NOT_FOUND: [404, "No such place in line"],
  TOPIC_NOT_FOUND: [404, "No such topic"],
  CART_LINE_NOT_FOUND: [404, "Cart line not found"],
  PROMOTION_NOT_FOUND: [404, "Promotion not found"],
  WEBHOOK_NOT_FOUND: [404, "Webhook not found"],
  DELIVERY_NOT_FOUND: [404, "Delivery not found"],
  METHOD_NOT_ALLOWED: [405, "Method not allowed"],
  ITEMS_UNAVAILABLE: [409, "Items unavailable"],
  ITEM_EXISTS: [409, "Item exists"],
  INSUFFICIENT_STOCK: [409, "Insufficient stock"],
  CLAIM_NOT_ACCEPTED: [409, "Claim not accepted"],
  CODE_NOT_ACCEPTED: [409, "Code not accepted"],
  LIMIT_EXCEEDED: [409, "Limit exceeded"],
  LINE_CLOSED: [409, "No line to stand in"],
  LOCK_HELD: [409, "Locked by somebody else"],
  LOCK_NOT_OWNED: [409, "Lock not owned"],
  NOBODY_WAITS: [409, "Nobody to pass it on to"],
  REPLAY_UNDER_WAY: [409, "Replay under way"],
  ORDER_NOT_PAYABLE: [409, "Order cannot do this now"],
  TOTAL_CHANGED: [409, "The total is another"],
  REFUND_EXCEEDED: [409, "More than can be paid back"],
  REFUND_AT_PROVIDER: [409, "The provider pays it back"],
  RETURN_EXCEEDED: [409, "More than can come back"],
  FULFILMENT_EXCEEDED: [409, "More than can be sent"],
  PERSON_BUSY: [409, "Orders are open"],
  PAYMENT_METHOD_UNAVAILABLE: [409, "Payment method unavailable"],
  CURRENCY_MISMATCH: [409, "Currencies differ"],
  CART_EMPTY: [409, "Cart is empty"],
  VERSION_MISMATCH: [412, "Version mismatch"],
  TOO_LARGE: [413, "Too large"],
  UNSUPPORTED_MEDIA_TYPE: [415, "Unsupported media type"],
  IDEMPOTENCY_KEY_REUSED: [422, "Idempotency key reused"],
  CART_LOCKED: [423, "Cart locked"],
  LOCK_TIMEOUT: [423, "Waited for a lock in vain"],
  TOO_MANY_REQUESTS: [429, "Too many requests"],
  INTERNAL_ERROR: [500, "Internal error"],
  PAYMENT_PROVIDER_ERROR: [502, "Payment provider failed"],
  LAYOUT_UNKNOWN: [503, "Written by a later release"],
  TRY_AGAIN: [503, "Try again"],
};

/**
 * Refused because somebody else was first, or because the time was over: what an operator looks for.
 * Wrong input, a missing token or an unknown name is the caller's affair.
 */
export function isContention({ code }: HoldfastError): boolean {
  const [status = 500] = problems[code] ?? [];
  return [409, 412, 423, 429, 502, 503].includes(status);
}

/** An instant until which something is busy, wherever the error carries it. */
function busyUntilMs({ fields }: HoldfastError): number | undefined {
  const info = fields["lockInfo"] as { expiresAtMs?: number } | null | undefined;
  const failed = fields["failedItems"] as readonly { lockedUntilMs?: number }[] | undefined;
  const limit = fields["limit"] as { untilMs?: number } | undefined;
  const instants = [
    limit?.untilMs,
    fields["lockedUntilMs"],
    info?.expiresAtMs,
    ...(failed ?? []).map((item) => item.lockedUntilMs),
  ];
  const known = instants.filter((instant) => typeof instant === "number");
  return known.length > 0 ? Math.max(...known) : undefined;
}

/** Seconds after which a busy resource may be free, rounded up; none where waiting does not help. */
function retryAfterSeconds(error: HoldfastError, status: number): number | undefined {
  const untilMs = busyUntilMs(error);
  if (untilMs !== undefined) return Math.max(1, Math.ceil((untilMs - systemClock()) / 1000));
  return error.code === "LOCK_TIMEOUT" || status === 503 ? 1 : undefined;
}

/** What callers are told of an error. What the domain did not mean says nothing of what was changed. */
function meantBy(error: unknown): HoldfastError {
  if (error instanceof HoldfastError && problems[error.code]) return error;
  return error instanceof LayoutUnknown
    ? new HoldfastError(
        "LAYOUT_UNKNOWN",
        "A later release has written what this one would have to read",
      )
    : new HoldfastError("INTERNAL_ERROR", "Something went wrong on our side");
}

/** The problem answer (RFC 9457) of an error; one that the domain did not mean is a plain 500. */
export function problemView(error: unknown, requestId: string): Answer {
  const known = meantBy(error);
  const [status, title] = problems[known.code]!;
  const retryAfter = retryAfterSeconds(known, status);
  const { allowed } = known.fields as { allowed?: readonly string[] };
  return {
    status,
    headers: {
      "content-type": "application/problem+json; charset=utf-8",
      ...(retryAfter === undefined ? {} : { "retry-after": String(retryAfter) }),
      ...(status === 405 && allowed ? { allow: allowed.join(", ") } : {}),
    },
    body: {
      ...known.fields,
      type: `urn:holdfast:problem:${known.code.toLowerCase().replaceAll("_", "-")}`,
      title,
      status,
      detail: known.message,
      code: known.code,
      error: known.message,
      requestId,
    },
  };
}
