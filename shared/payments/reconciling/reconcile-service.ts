/** The reconciler: holds each provider's recent payments against orders and stock, settles what it can, tells the rest. */
import type { Actor } from "../../base/actor.ts";
import { InvalidRequest } from "../../base/errors.ts";
import { epochMs, secondsToMs } from "../../base/time.ts";
import { providerNames } from "../../base/payment-providers.ts";
import type { ProviderName, Providers } from "../../providers/provider.ts";
import { ProviderFailed } from "../../providers/provider.ts";
import { currentOperation } from "../../table/operation.ts";
import type { PaymentAlarm } from "../payment-alarm.ts";
import { type CheckingOptions, createChecking } from "./checking.ts";
import type { Difference } from "./difference.ts";
import { makeCursor, parsePosition, type Position, type ReconcileWish } from "./position.ts";
import { moveMark, readMark } from "./reconcile-store.ts";

/** What the reconciler works with. */
export interface ReconcilingOptions extends CheckingOptions {
  readonly providers: Providers;
  readonly alarm: (name: PaymentAlarm) => void;
}

/** What one walk has found. */
export interface Reconciled {
  /** Payments, refunds and disputes that were held against their orders. */
  readonly checked: number;
  /** Payments, refunds and disputes that nobody had told of; their orders are settled now. */
  readonly settled: number;
  readonly differences: readonly Difference[];
  /** Providers that could not be asked, and why: what is theirs was not checked. */
  readonly unreachable: readonly { readonly provider: ProviderName; readonly reason: string }[];
  /** Present while there is more to walk. */
  readonly cursor?: string;
}

/** Kept back from the operation's time for the page under way. */
const reserveMs = secondsToMs(8);

/** Makes the reconciler. */
export function createReconciling(options: ReconcilingOptions) {
  const { database, providers, clock, logger, alarm } = options;
  const checkPage = createChecking(options);
  const names = providerNames.filter((name) => providers[name]);

  /** Where the walk goes on behind this provider. */
  function behind({ isOnly, provider, sinceMs, untilMs }: Position): Position | undefined {
    const next = isOnly ? undefined : names[names.indexOf(provider) + 1];
    return next && { provider: next, isOnly, sinceMs, untilMs };
  }

  /**
   * Walks payments, and what went back or is disputed of any, page by page until all are checked or the operation's time is up; the cursor goes on. What
   * was captured and not told is settled as its webhook would have. Two at once, or one that dies in between, do no
   * harm. For 100 payments two batched reads of orders and one of the ledger.
   *
   * @throws InvalidRequest when the cursor is none of ours
   * @example const { differences, cursor } = await reconciling.reconcile({}, { id: "root" });
   */
  async function reconcile(wish: ReconcileWish, actor: Actor): Promise<Reconciled> {
    const found = { checked: 0, settled: 0 };
    const differences: Difference[] = [];
    const unreachable: { provider: ProviderName; reason: string }[] = [];
    const endMs = (currentOperation()?.deadlineMs ?? Number.POSITIVE_INFINITY) - reserveMs;
    let position = parsePosition(wish, clock(), names);
    for (let pages = 0; position && (pages === 0 || clock() < endMs); pages += 1) {
      const here: Position = position;
      const provider = providers[here.provider]!;
      try {
        const page = await provider.listRecent({ ...here, cursor: here.after });
        const checked = await checkPage(provider, page.facts, actor);
        found.checked += page.facts.length;
        found.settled += checked.settled;
        differences.push(...checked.differences);
        position = page.cursor === undefined ? behind(here) : { ...here, after: page.cursor };
      } catch (error) {
        if (!(error instanceof ProviderFailed)) throw error;
        const { reason } = error;
        if (reason !== "not_configured") unreachable.push({ provider: here.provider, reason });
        position = behind(here);
      }
    }
    for (const difference of differences) {
      logger.error("The books differ", { ...difference });
      alarm("ReconcilerDifferences");
    }
    const rest = position ? { cursor: makeCursor(position) } : {};
    return { ...found, differences, unreachable, ...rest };
  }

  return {
    reconcile,

    /** The same for the schedule: goes on where the run before it ended, and begins anew behind the last page. */
    async reconcileOn(actor: Actor): Promise<Reconciled> {
      const mark = await readMark(database);
      const result = await reconcile({ cursor: mark.cursor }, actor).catch((error: unknown) => {
        // The mark names a provider that is not set up any more: nothing is left of that round.
        if (!(error instanceof InvalidRequest) || mark.cursor === undefined) throw error;
        return reconcile({}, actor);
      });
      await moveMark(database, mark, { cursor: result.cursor, nowMs: epochMs(clock()) });
      const { differences, ...counts } = result;
      logger.info("Reconciled", { ...counts, differences: differences.length });
      return result;
    },
  };
}
