/** What item locks are tried by, subject by subject, with the calls that whoever comes from locks in memory knows. */
import { setTimeout as sleep } from "node:timers/promises";
import type { createAtomicCache } from "../../package/compat/atomic-cache.ts";

/** The calls that are tried. */
export type TriedCache = Pick<
  ReturnType<typeof createAtomicCache>,
  "acquireLock" | "releaseLock" | "isLocked" | "reserveItemsInCart" | "getLockStatistics"
>;

/** What a subject works with: the cache, items that nobody else uses, and a word on each thing it has seen. */
interface Trial {
  readonly cache: TriedCache;
  readonly makeItem: () => string;
  readonly check: (what: string, isTrue: boolean) => void;
}

/** The shortest lease that there is. */
const shortMs = 1_000;
const contenders = 20;

const cartOf = (...itemIds: string[]) =>
  itemIds.map((itemId) => ({ itemId, kind: "Retail", quantity: 1 }));

async function tryAcquiring({ cache, makeItem, check }: Trial): Promise<void> {
  const item = makeItem();
  check("ann takes an item", await cache.acquireLock(item, "ann"));
  check("it is locked", await cache.isLocked(item));
  check("bob does not get it", !(await cache.acquireLock(item, "bob")));
  check("bob cannot give it back", !(await cache.releaseLock(item, "bob")));
  check("ann gives it back", await cache.releaseLock(item, "ann"));
  check("it is free", !(await cache.isLocked(item)));
}

async function tryExpiry({ cache, makeItem, check }: Trial): Promise<void> {
  const item = makeItem();
  check("ann takes an item for one second", await cache.acquireLock(item, "ann", shortMs));
  await sleep(shortMs + 100);
  check("it is free after that second, with nothing cleaned up", !(await cache.isLocked(item)));
  check("bob takes it", await cache.acquireLock(item, "bob"));
  check("ann cannot give back what is bob's by now", !(await cache.releaseLock(item, "ann")));
  check("bob gives it back", await cache.releaseLock(item, "bob"));
}

async function tryReservation({ cache, makeItem, check }: Trial): Promise<void> {
  const [first, second] = [makeItem(), makeItem()];
  await cache.acquireLock(second, "bob");
  const refused = await cache.reserveItemsInCart(cartOf(first, second), "ann", "vendor");
  const failed = refused.failedItems.map(({ itemId }) => itemId).join(", ");
  check(
    "ann's cart of two is refused for the one that bob has",
    !refused.success && failed === second,
  );
  check("the other one stays free", !(await cache.isLocked(first)));
  await cache.releaseLock(second, "bob");
  const taken = await cache.reserveItemsInCart(cartOf(first, second), "ann", "vendor");
  check("bob gives it back, and ann has both", taken.success && taken.failedItems.length === 0);
  check("bob gets neither", !(await cache.acquireLock(first, "bob")));
  for (const item of [first, second]) await cache.releaseLock(item, "ann");
}

async function tryConcurrency({ cache, makeItem, check }: Trial): Promise<void> {
  const item = makeItem();
  const users = Array.from({ length: contenders }, (_, index) => `user-${index}`);
  const got = await Promise.all(users.map((user) => cache.acquireLock(item, user)));
  check(`of ${contenders} at once one gets an item`, got.filter(Boolean).length === 1);
  const [a, b, c] = [makeItem(), makeItem(), makeItem()];
  const carts = [cartOf(a, b), cartOf(b, c), cartOf(c, a)];
  const reserved = await Promise.all(
    carts.map((cart, index) => cache.reserveItemsInCart(cart, `user-${index}`)),
  );
  const owners = reserved.filter(({ success }) => success).length;
  check("of three carts that share items one gets all it wants", owners === 1);
}

async function tryStatistics({ cache, makeItem, check }: Trial): Promise<void> {
  const items = [makeItem(), makeItem(), makeItem()];
  const before = (await cache.getLockStatistics()).activeLocks;
  for (const item of items) await cache.acquireLock(item, "ann");
  const { activeLocks, locks } = await cache.getLockStatistics();
  check("three more are locked", activeLocks === before + items.length);
  const owned = locks.filter(({ itemId, userId }) => items.includes(itemId) && userId === "ann");
  check("they are told with who has them", owned.length === items.length);
  for (const item of items) await cache.releaseLock(item, "ann");
  const after = (await cache.getLockStatistics()).activeLocks;
  check("given back, they count no more", after === before);
}

/** The subjects by their names, in the order in which they are tried. */
const subjects: Readonly<Record<string, (trial: Trial) => Promise<void>>> = {
  "acquire and release": tryAcquiring,
  expiry: tryExpiry,
  reservation: tryReservation,
  concurrency: tryConcurrency,
  statistics: tryStatistics,
};

/** Tries each subject and says what it did; returns the names of those that failed. What throws has failed. */
export async function trySubjects(
  cache: TriedCache,
  say: (line: string) => void,
): Promise<string[]> {
  const failed = new Set<string>();
  let serial = 0;
  const makeItem = (): string => `item-${(serial += 1)}`;
  for (const [name, trySubject] of Object.entries(subjects)) {
    say(name);
    const check = (what: string, isTrue: boolean): void => {
      if (!isTrue) failed.add(name);
      say(`  ${isTrue ? "ok    " : "failed"}  ${what}`);
    };
    await trySubject({ cache, makeItem, check }).catch((error: unknown) =>
      check(String(error), false),
    );
  }
  return [...failed];
}
