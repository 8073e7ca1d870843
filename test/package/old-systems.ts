/** Stand-ins of the old systems, in memory, with the calls that the pages on moving over use. */

/** Item locks of one process. */
export function createOldCache() {
  const locks = new Map<string, { readonly userId: string; readonly untilMs: number }>();
  const find = (itemId: string) => {
    const lock = locks.get(itemId);
    return lock && lock.untilMs > Date.now() ? lock : undefined;
  };
  return {
    isLocked: (itemId: string): boolean => find(itemId) !== undefined,
    acquireLock(itemId: string, userId: string, ttlMs = 300_000): boolean {
      if ((find(itemId)?.userId ?? userId) !== userId) return false;
      locks.set(itemId, { userId, untilMs: Date.now() + ttlMs });
      return true;
    },
    releaseLock: (itemId: string, userId: string): boolean =>
      find(itemId)?.userId === userId && locks.delete(itemId),
  };
}

/** A cache storage of carts. */
export function createOldStorage() {
  const kept = new Map<string, unknown>();
  const key = (...parts: string[]): string => parts.join("/");
  return {
    getItems: async (identifier: string, instance: string) =>
      kept.get(key(identifier, instance, "items")) ?? {},
    async putItems(identifier: string, instance: string, items: object) {
      kept.set(key(identifier, instance, "items"), items);
    },
    getConditions: async (identifier: string, instance: string) =>
      kept.get(key(identifier, instance, "conditions")) ?? [],
    async putConditions(identifier: string, instance: string, conditions: readonly object[]) {
      kept.set(key(identifier, instance, "conditions"), conditions);
    },
    getMetadata: async (identifier: string, instance: string, name: string) =>
      kept.get(key(identifier, instance, "metadata", name)) ?? null,
    async putMetadata(identifier: string, instance: string, name: string, value: unknown) {
      kept.set(key(identifier, instance, "metadata", name), value);
    },
    async forget(identifier: string, instance: string) {
      for (const each of kept.keys()) {
        if (each.startsWith(`${key(identifier, instance)}/`)) kept.delete(each);
      }
    },
  };
}

/** Carts of one process, and who pays for them. */
export function createOldCarts() {
  const kept = new Map<string, readonly object[]>();
  const paying = new Set<string>();
  const key = (...parts: string[]): string => parts.join("/");
  return {
    lockCart(userId: string, sessionId: string, _transactionId: string, _cartType: string) {
      const cart = key(userId, sessionId);
      if (paying.has(cart)) return false;
      paying.add(cart);
      return true;
    },
    unlockCart: (userId: string, sessionId: string) => paying.delete(key(userId, sessionId)),
    getItems: (userId: string, sessionId: string, cartType: string) =>
      kept.get(key(userId, sessionId, cartType)) ?? [],
    putItems(userId: string, sessionId: string, cartType: string, items: readonly object[]) {
      kept.set(key(userId, sessionId, cartType), items);
    },
  };
}

interface OldLock {
  readonly docId: string;
  readonly userId: string;
  readonly username: string | null;
  readonly sessionId: string | null;
  readonly expiresAtMs: number;
}

/** Locks of documents. */
export function createOldDocumentLocks() {
  const locks = new Map<string, OldLock>();
  return {
    getAllLocks: async () => [...locks.values()].toSorted((a, b) => (a.docId < b.docId ? -1 : 1)),
    async acquireLock(
      docId: string,
      userId: string,
      {
        username = null,
        sessionId = null,
        ttl = 300,
      }: Partial<OldLock> & { readonly ttl?: number } = {},
    ) {
      if ((locks.get(docId)?.userId ?? userId) !== userId) return { success: false };
      const expiresAtMs = Date.now() + ttl * 1_000;
      locks.set(docId, { docId, userId, username, sessionId, expiresAtMs });
      return { success: true };
    },
    async releaseLock(docId: string, userId: string) {
      return { success: locks.get(docId)?.userId === userId && locks.delete(docId) };
    },
  };
}
