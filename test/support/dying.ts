/** A process that dies at one of its requests: everything that it asks from then on is refused. */
import type { Database } from "../../shared/table/database.ts";

/** Nobody is there any more. */
class Dead extends Error {}

/** Where a process dies: before its nth request is sent, or behind it. */
export interface Death {
  readonly count: number;
  readonly where: "before" | "after";
}

/** Every death within so many requests. */
export function listDeaths(most: number): readonly Death[] {
  return Array.from({ length: most }, (_, index) => index + 1).flatMap((count) =>
    (["before", "after"] as const).map((where) => ({ count, where })),
  );
}

/** A database whose user dies. */
export function dying(real: Database, { count, where }: Death): Database {
  let left = count;
  const wrap =
    <Args extends unknown[], T>(method: (...given: Args) => Promise<T>) =>
    async (...given: Args): Promise<T> => {
      left -= 1;
      if (left < 0 || (left === 0 && where === "before")) throw new Dead();
      const result = await method(...given);
      if (left === 0) throw new Dead();
      return result;
    };
  const { get, query, scan, apply, transact } = real;
  const reads = { get: wrap(get), query: wrap(query), scan: wrap(scan) };
  return { ...real, ...reads, apply: wrap(apply), transact: wrap(transact) };
}
