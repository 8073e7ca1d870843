/** What a table is told by: keys, indexes, stream, TTL. */

/** A key attribute: `S` text, `N` number. */
export interface KeyAttribute {
  readonly name: string;
  readonly type: "S" | "N";
}

/** A global secondary index. */
export interface IndexShape {
  readonly partition: KeyAttribute;
  readonly sort: KeyAttribute;
  readonly projection: "ALL" | "KEYS_ONLY";
}

/** One table. */
export interface TableShape {
  readonly partition: KeyAttribute;
  readonly sort?: KeyAttribute;
  readonly indexes?: Readonly<Record<string, IndexShape>>;
  /** Rows leave by the stream when what happens to them belongs into the audit trail, or are events themselves. */
  readonly stream: boolean;
  readonly ttl: boolean;
}

/** A key of text. */
export const text = (name: string): KeyAttribute => ({ name, type: "S" });
/** A key of numbers. */
export const number = (name: string): KeyAttribute => ({ name, type: "N" });
