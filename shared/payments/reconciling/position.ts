/** Where a walk through the providers' books is, and the cursor that says so. */
import { secondsToMs } from "../../base/time.ts";
import { PaymentMethodUnavailable, type ProviderName } from "../../providers/provider.ts";
import { decodeCursor, encodeCursor, notACursor } from "../../table/paging.ts";

/** Which payments to walk: by default those of the last 72 hours up to 10 minutes ago, of all providers. */
export interface ReconcileWish {
  readonly provider?: ProviderName | undefined;
  readonly sinceMs?: number | undefined;
  readonly untilMs?: number | undefined;
  /** Goes on where an earlier answer ended; then the rest is as it was asked first. */
  readonly cursor?: string | undefined;
}

/** News of younger payments may be on its way. */
const youngestMs = secondsToMs(600);
/** Webhooks are sent again for three days. */
const longestMs = secondsToMs(72 * 3_600);
/** Where a walk is. */
export interface Position {
  readonly provider: ProviderName;
  readonly isOnly: boolean;
  readonly sinceMs: number;
  readonly untilMs: number;
  readonly after?: string | undefined;
}

/** Nothing is listed of the future, nor an instant that no date can say. */
function between(sinceMs: number, untilMs: number, nowMs: number) {
  const until = Math.min(untilMs, nowMs);
  return { sinceMs: Math.min(sinceMs, until), untilMs: until };
}

/**
 * Where a walk begins or goes on; nowhere when there is nobody to ask.
 *
 * @throws PaymentMethodUnavailable for a provider that is not set up here
 * @throws InvalidRequest when the cursor is none of ours
 */
export function parsePosition(
  wish: ReconcileWish,
  nowMs: number,
  names: readonly ProviderName[],
): Position | undefined {
  if (wish.cursor === undefined) {
    const { provider, sinceMs = nowMs - longestMs, untilMs = nowMs - youngestMs } = wish;
    if (provider && !names.includes(provider)) {
      throw new PaymentMethodUnavailable(provider, "not_configured");
    }
    const first = provider ?? names[0];
    const isOnly = provider !== undefined;
    return first && { provider: first, isOnly, ...between(sinceMs, untilMs, nowMs) };
  }
  const { provider, isOnly, sinceMs, untilMs, after } = decodeCursor(wish.cursor);
  const name = names.find((each) => each === provider);
  if (!name || typeof sinceMs !== "number" || typeof untilMs !== "number" || sinceMs < 0) {
    throw notACursor();
  }
  const range = between(sinceMs, untilMs, nowMs);
  const where = after === undefined ? {} : { after: String(after) };
  return { provider: name, isOnly: isOnly === 1, ...range, ...where };
}

/** The cursor of a position. */
export function makeCursor({ provider, isOnly, sinceMs, untilMs, after }: Position): string {
  const where = after === undefined ? {} : { after };
  return encodeCursor({ provider, isOnly: isOnly ? 1 : 0, sinceMs, untilMs, ...where });
}
