/**
 * The contention model: what DynamoDB does when many want the same at once, which neither DynamoDB Local nor a
 * plain simulation shows. It decides who is refused and how long an answer takes; it stores nothing and knows
 * no clock, so that virtual and real time use the same one.
 */
import { BusyItems } from "./busy-items.ts";
import { Charges, type Image, type Seen, type UnitCounts } from "./charges.ts";
import { type Footprint, itemName } from "./footprint.ts";
import { drawMs } from "./latency.ts";
import type { ContentionSettings } from "./settings.ts";

/** Why one item stands in the way of a request. */
export type Reason = "conflict" | "throttled" | undefined;

/** What became of a request that was let in. */
export interface Outcome {
  /** Positions of those items whose condition failed; where there are any, nothing was written. */
  readonly failed: readonly number[];
  /** The items as they are now, in the order of the touches. */
  readonly after: readonly (Image | undefined)[];
  /** What a query or scan has consumed. */
  readonly readUnits?: number;
}

/** A request that was let in, while it is carried out. */
export interface Visit {
  /** Ends it: charges what it cost and tells how long the service keeps the answer, in milliseconds. */
  leave(outcome: Outcome, nowMs: number): number;
}

/**
 * - `admitted`: carry it out; of a batch only the items without a reason
 * - `refused`: with a reason for each item, nothing is written
 * - `inProgress`: the same transaction is under way already
 */
export type Entry =
  | { readonly kind: "admitted"; readonly reasons: readonly Reason[]; readonly visit: Visit }
  | { readonly kind: "refused"; readonly reasons: readonly Reason[]; readonly tookMs: number }
  | { readonly kind: "inProgress"; readonly tookMs: number };

/** What has happened so far. */
export interface ContentionCounts extends UnitCounts {
  readonly requests: number;
  /** Requests that met a transaction under way. */
  readonly conflicts: number;
  /** Requests refused for want of capacity. */
  readonly throttled: number;
  /** Those of them that were refused because an index was behind. */
  readonly behindIndex: number;
}

/** DynamoDB knows a token for ten minutes (TransactWriteItems, `ClientRequestToken`). */
const tokenLifeMs = 10 * 60_000;
const mostTokens = 50_000;

/** The model of one account's tables. */
export class ContentionModel {
  readonly settings: ContentionSettings;
  readonly #random: () => number;
  readonly #busy = new BusyItems();
  readonly #charges: Charges;
  /** Until when a token stands for a transaction that was done. */
  readonly #tokens = new Map<string, number>();
  readonly #counts = { requests: 0, conflicts: 0, throttled: 0, behindIndex: 0 };

  /** `random` gives numbers from 0 up to 1; all times are drawn from it. */
  constructor(settings: ContentionSettings, random: () => number) {
    this.settings = settings;
    this.#random = random;
    this.#charges = new Charges(settings);
  }

  /** What has happened up to now. */
  counts(): ContentionCounts {
    return { ...this.#counts, ...this.#charges.counts };
  }

  /** How long a request or an answer is on its way. */
  wayMs(): number {
    return this.#draw("way");
  }

  /**
   * Whether a request may go in at this instant. `before` are the items as they stand, in the order of the
   * touches. A visit that was admitted must be left, whatever came of it.
   */
  enter(footprint: Footprint, before: readonly (Image | undefined)[], nowMs: number): Entry {
    this.#counts.requests += 1;
    const { form, touches, token } = footprint;
    if (form === "list") return this.#enterList(footprint, nowMs);
    const seen = touches.map((touch, index): Seen => {
      const partitionKey = String(touch.key[touch.table.partition]);
      return { touch, name: itemName(touch), partitionKey, before: before[index] };
    });
    if (token !== undefined && (this.#tokens.get(token) ?? 0) > nowMs) {
      return this.#enterAgain(seen, nowMs);
    }
    const reasons = seen.map((each) => this.#reasonAgainst(each, footprint, nowMs));
    const refused = reasons.filter((reason) => reason !== undefined);
    const isRefused = form === "batch" ? refused.length === seen.length : refused.length > 0;
    this.#count(reasons);
    if (isRefused) return this.#refuse(footprint, seen, reasons, nowMs);
    return { kind: "admitted", reasons, visit: this.#visit(footprint, seen, reasons, nowMs) };
  }

  #enterList({ list }: Footprint, nowMs: number): Entry {
    const { table, index, partitionKey } = list!;
    const capacity = this.#charges.capacity(table, index, nowMs);
    if (!capacity.hasRoom("read", partitionKey, nowMs)) {
      this.#count(["throttled"]);
      return { kind: "refused", reasons: ["throttled"], tookMs: this.#draw("read") };
    }
    const leave = ({ readUnits = 0.5 }: Outcome, atMs: number): number => {
      this.#charges.counts.readUnits += readUnits;
      capacity.take("read", partitionKey, readUnits, atMs);
      return this.#draw("read");
    };
    return { kind: "admitted", reasons: [], visit: { leave } };
  }

  /**
   * The same transaction again: it changes nothing and costs a transactional read of each item (`ClientRequestToken`
   * of TransactWriteItems; that it is two units was measured on the service by github.com/paritysuite/dynamodb-conformance).
   */
  #enterAgain(seen: readonly Seen[], nowMs: number): Entry {
    if (seen.some(({ name }) => this.#busy.isBusy(name, nowMs))) {
      return { kind: "inProgress", tookMs: this.#draw("cancel") };
    }
    const leave = (_outcome: Outcome, atMs: number): number => {
      const kind = { isConsistent: true, times: 2 };
      for (const each of seen) this.#charges.read(each, each.before, kind, atMs);
      return this.#draw("cancel");
    };
    return { kind: "admitted", reasons: seen.map(() => undefined), visit: { leave } };
  }

  #reasonAgainst(seen: Seen, { form, isWrite }: Footprint, nowMs: number): Reason {
    const { touch, name, partitionKey } = seen;
    // A plain read neither disturbs a transaction nor is it disturbed by one.
    const canConflict = isWrite || form === "transaction";
    if (canConflict && this.#busy.isBusy(name, nowMs)) return "conflict";
    const capacity = this.#charges.capacity(touch.table, undefined, nowMs);
    if (!capacity.hasRoom(isWrite ? "write" : "read", partitionKey, nowMs)) return "throttled";
    if (!isWrite || !this.#charges.isIndexBehind(seen, nowMs)) return undefined;
    this.#counts.behindIndex += 1;
    return "throttled";
  }

  #refuse(
    { form, isWrite }: Footprint,
    seen: readonly Seen[],
    reasons: readonly Reason[],
    nowMs: number,
  ): Entry {
    const isTransaction = form === "transaction";
    const tookMs = this.#draw(isTransaction ? "cancel" : isWrite ? "write" : "read");
    for (const [index, each] of seen.entries()) {
      const reason = reasons[index];
      if (reason === "throttled" || !isWrite) continue;
      if (reason === "conflict") this.#charges.attempt(each, this.settings.conflictUnits, nowMs);
      else this.#charges.write(each, each.before, 1, nowMs);
      // What had accepted the transaction is busy until it hears that nothing comes of it.
      if (isTransaction && reason === undefined) this.#busy.keep(each.name, nowMs + tookMs, nowMs);
    }
    return { kind: "refused", reasons, tookMs };
  }

  #visit(
    { form, isWrite, token }: Footprint,
    all: readonly Seen[],
    reasons: readonly Reason[],
    nowMs: number,
  ): Visit {
    const isTransaction = form === "transaction";
    const keeps = isTransaction && isWrite;
    if (keeps) for (const { name } of all) this.#busy.keep(name, Infinity, nowMs);
    const isIn = (index: number): boolean => reasons[index] === undefined;
    const charge = ({ failed, after }: Outcome, atMs: number): void => {
      const isDone = failed.length === 0;
      // Two underlying writes or reads an item: one to prepare, one to commit.
      const times = isTransaction && isDone ? 2 : 1;
      for (const [index, each] of all.entries()) {
        if (!isIn(index)) continue;
        const isConsistent = isTransaction || each.touch.isConsistent;
        if (!isWrite) this.#charges.read(each, after[index], { isConsistent, times }, atMs);
        else this.#charges.write(each, after[index], times, atMs);
        if (isWrite && isDone) this.#charges.indexes(each, after[index], times, atMs);
      }
    };
    const leave = (outcome: Outcome, atMs: number): number => {
      charge(outcome, atMs);
      if (!keeps) return this.#draw(isWrite ? "write" : "read");
      const isDone = outcome.failed.length === 0;
      const untilMs = nowMs + this.#draw(isDone ? "busy" : "cancel");
      for (const [index, { name }] of all.entries()) {
        if (outcome.failed.includes(index)) this.#busy.free(name);
        else this.#busy.keep(name, untilMs, atMs);
      }
      if (isDone && token !== undefined) this.#remember(token, atMs);
      return Math.max(0, untilMs - atMs);
    };
    return { leave };
  }

  #remember(token: string, nowMs: number): void {
    if (this.#tokens.size > mostTokens) {
      for (const [known, until] of this.#tokens) if (until <= nowMs) this.#tokens.delete(known);
    }
    this.#tokens.set(token, nowMs + tokenLifeMs);
  }

  #count(reasons: readonly Reason[]): void {
    if (reasons.includes("conflict")) this.#counts.conflicts += 1;
    else if (reasons.includes("throttled")) this.#counts.throttled += 1;
  }

  #draw(what: "busy" | "cancel" | "read" | "write" | "way"): number {
    return drawMs(this.settings[what], this.#random);
  }
}
