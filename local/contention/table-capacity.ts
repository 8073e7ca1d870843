/** What one table, or one index, can take: the buckets of its partitions and the one of the whole. */
import type { ContentionSettings } from "./settings.ts";
import { TokenBucket } from "./token-bucket.ts";

/** Reads and writes have buckets of their own. */
export type Use = "read" | "write";

/** The least that a request costs: an eventually consistent read is half a unit. */
const least: Readonly<Record<Use, number>> = { read: 0.5, write: 1 };

/** A fixed shuffle of keys, as DynamoDB's hashing of partition keys is one (32-bit FNV-1a). */
function hashText(text: string): number {
  let hash = 0x81_1c_9d_c5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01_00_01_93);
  }
  return hash >>> 0;
}

/**
 * The bucket of a whole table, which grows: an on-demand table takes twice the traffic that it has served
 * before, and more only after a while
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/on-demand-capacity-mode.html,
 * "Initial throughput and scaling properties").
 */
class GrowingBucket {
  readonly #bucket: TokenBucket;
  readonly #growthMs: number;
  readonly #most: number;
  #perSecond: number;
  #windowFromMs: number;
  #second = -1;
  #inSecond = 0;
  #peak = 0;

  constructor(warm: number, most: number, growthMs: number, nowMs: number) {
    this.#perSecond = Math.min(warm, most);
    this.#most = most;
    this.#growthMs = growthMs;
    this.#windowFromMs = nowMs;
    this.#bucket = new TokenBucket({ perSecond: this.#perSecond, holds: this.#perSecond }, nowMs);
  }

  hasRoom(units: number, nowMs: number, backlog = 0): boolean {
    this.#grow(nowMs);
    return this.#bucket.hasRoom(units, nowMs, backlog);
  }

  take(units: number, nowMs: number): void {
    const second = Math.floor(nowMs / 1_000);
    if (second !== this.#second) this.#inSecond = 0;
    this.#second = second;
    this.#inSecond += units;
    this.#peak = Math.max(this.#peak, this.#inSecond);
    this.#bucket.take(units, nowMs);
  }

  #grow(nowMs: number): void {
    if (nowMs - this.#windowFromMs < this.#growthMs) return;
    this.#perSecond = Math.min(this.#most, Math.max(this.#perSecond, 2 * this.#peak));
    this.#windowFromMs = nowMs;
    this.#peak = 0;
    this.#bucket.resize({ perSecond: this.#perSecond, holds: this.#perSecond }, nowMs);
  }
}

/**
 * The capacity of one table or index.
 *
 * Every partition gives 1,000 write and 3,000 read units a second, whatever the table as a whole may take
 * (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html); a fresh
 * table takes 4,000 and 12,000 in all.
 */
export class TableCapacity {
  readonly #settings: ContentionSettings;
  readonly #whole: Readonly<Record<Use, GrowingBucket>>;
  readonly #partitions: Readonly<Record<Use, Map<string, TokenBucket>>>;

  constructor(settings: ContentionSettings, nowMs: number) {
    const { warmReadUnits, warmWriteUnits, tableReadUnits, tableWriteUnits, growthMs } = settings;
    this.#settings = settings;
    this.#whole = {
      read: new GrowingBucket(warmReadUnits, tableReadUnits, growthMs, nowMs),
      write: new GrowingBucket(warmWriteUnits, tableWriteUnits, growthMs, nowMs),
    };
    this.#partitions = { read: new Map(), write: new Map() };
  }

  /** Whether the partition of this key, and the table as a whole, let one more unit in. */
  hasRoom(use: Use, partitionKey: string | undefined, nowMs: number): boolean {
    const units = least[use];
    if (!this.#whole[use].hasRoom(units, nowMs)) return false;
    if (partitionKey === undefined) return true;
    return this.#bucket(use, partitionKey, nowMs).hasRoom(units, nowMs);
  }

  /** Whether the index, or its partition of this key, is too far behind to be owed anything more. */
  isBehind(partitionKey: string, nowMs: number): boolean {
    const { indexBacklogUnits: backlog } = this.#settings;
    const bucket = this.#bucket("write", partitionKey, nowMs);
    return !(bucket.hasRoom(1, nowMs, backlog) && this.#whole.write.hasRoom(1, nowMs, backlog));
  }

  take(use: Use, partitionKey: string | undefined, units: number, nowMs: number): void {
    this.#whole[use].take(units, nowMs);
    if (partitionKey !== undefined) this.#bucket(use, partitionKey, nowMs).take(units, nowMs);
  }

  #bucket(use: Use, partitionKey: string, nowMs: number): TokenBucket {
    const { placement, partitionReadUnits, partitionWriteUnits, burstSeconds } = this.#settings;
    const name =
      placement === "isolated" ? partitionKey : String(hashText(partitionKey) % placement);
    const buckets = this.#partitions[use];
    const known = buckets.get(name);
    if (known) return known;
    const perSecond = use === "read" ? partitionReadUnits : partitionWriteUnits;
    const bucket = new TokenBucket({ perSecond, holds: perSecond * burstSeconds }, nowMs);
    buckets.set(name, bucket);
    return bucket;
  }
}
