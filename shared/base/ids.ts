/** Identifiers that nothing is derived from, and where they are kept. */
import { randomUUID } from "node:crypto";

/** A new random id, 122 bits of chance. */
export function randomId(prefix: string): string {
  return `${prefix}_${randomUUID().replaceAll("-", "")}`;
}

/** Spreads ids over `shards` partitions, numbered from 0; the same id always gets the same one. */
export function pickShard(id: string, shards: number): number {
  return [...id].reduce((sum, character) => sum + character.codePointAt(0)!, 0) % shards;
}
