/** Locks of collections: which ones, for how long, and given back in any case. */
import { describe, expect, it, vi } from "vitest";
import { silentLogger } from "../../../shared/base/logger.ts";
import {
  collectionLockName,
  createCollectionGuard,
} from "../../../shared/carts/editing/collection-guard.ts";

const address = { userId: "al/ice", sessionId: "s1", instance: "menu" };

function fakeLocks() {
  const acquire = vi.fn<(request: object) => Promise<object>>(async (request) => ({
    ...request,
    fence: 7,
  }));
  const release = vi.fn<() => Promise<undefined>>(async () => undefined);
  return { acquire, release, locks: { acquire, release } as never };
}

describe("the guard of collections", () => {
  it("names a lock for each cart, instance and collection", () => {
    const names = [
      collectionLockName(address, "items"),
      collectionLockName(address, "conditions"),
      collectionLockName(address, "metadata/k"),
      collectionLockName({ ...address, instance: "ticket" }, "items"),
      collectionLockName({ ...address, sessionId: "s2" }, "items"),
    ];
    expect(names[0]).toBe("cart/al%2Fice/s1/menu/items");
    expect(new Set(names).size).toBe(5);
  });

  it("takes the lock before the work, for the timeout at most, and gives it back after", async () => {
    const { acquire, release, locks } = fakeLocks();
    const settings = { storage: "locking", locks, lockTimeoutMs: 5_000 } as const;
    const guard = createCollectionGuard({ ...settings, logger: silentLogger });
    const work = vi.fn<() => Promise<string>>(async () => {
      expect(acquire).toHaveBeenCalledTimes(1);
      expect(release).not.toHaveBeenCalled();
      return "done";
    });
    expect(await guard(address, "items", work)).toBe("done");
    expect(acquire.mock.calls[0]?.[0]).toMatchObject({
      resource: "cart/al%2Fice/s1/menu/items",
      waitMs: 5_000,
      leaseMs: 5_000,
      kind: "cart",
    });
    await guard(address, "items", async () => 1);
    const [first, second] = acquire.mock.calls.map(
      ([request]) => (request as { owner: object }).owner,
    );
    expect(first).not.toEqual(second);
    expect(release).toHaveBeenCalledTimes(2);
  });

  it("gives it back when the work throws, and hides no outcome when that fails", async () => {
    const { release, locks } = fakeLocks();
    const warn = vi.fn<(message: string) => void>();
    const settings = { storage: "locking", locks, lockTimeoutMs: 5_000 } as const;
    const guard = createCollectionGuard({ ...settings, logger: { ...silentLogger, warn } });
    await expect(
      guard(address, "items", async () => Promise.reject(new Error("no"))),
    ).rejects.toThrow("no");
    expect(release).toHaveBeenCalledTimes(1);
    release.mockRejectedValueOnce(new Error("gone"));
    expect(await guard(address, "items", async () => 5)).toBe(5);
    expect(warn).toHaveBeenCalledTimes(1);
  });

  it("takes no lock under version checks, nor without a lock store, and warns once of the latter", async () => {
    const { acquire, locks } = fakeLocks();
    const warn = vi.fn<(message: string) => void>();
    const logger = { ...silentLogger, warn };
    const versioned = createCollectionGuard({
      storage: "versioned",
      locks,
      lockTimeoutMs: 1,
      logger,
    });
    expect(await versioned(address, "items", async () => 1)).toBe(1);
    expect(warn).not.toHaveBeenCalled();
    const without = createCollectionGuard({ storage: "locking", lockTimeoutMs: 1, logger });
    for (let round = 0; round < 3; round += 1) await without(address, "items", async () => 1);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(acquire).not.toHaveBeenCalled();
  });
});
