/** The stream function announces updates of carts, and nothing else. */
import { expect, test, vi } from "vitest";
import { announceCart } from "../../../functions/runtime/cart-events.ts";
import { logger } from "../../../functions/runtime/observe.ts";
import { epochMs } from "../../../shared/base/time.ts";

const facts = { eventId: "e1", sequence: "1", atMs: epochMs(1), byTtl: false };
const change = { action: "metadata_set", actor: "alice", atMs: 1 };

test("an update of a cart is one line in the log; locks and other tables are none", () => {
  const info = vi.spyOn(logger, "info").mockImplementation(() => undefined);
  const before = { cartId: "alice/s1", version: 1 };
  const after = { ...before, version: 2, "metadata:menu:k": "1", change };
  announceCart({ ...facts, key: { cartId: "alice/s1" }, before, after });
  expect(info).toHaveBeenCalledTimes(1);
  expect(info).toHaveBeenCalledWith(
    "cart-updated",
    expect.objectContaining({ userId: "alice", version: 2, actor: "alice" }),
  );
  announceCart({ ...facts, key: { cartId: "alice/s1" }, before, after: { ...before, lock: {} } });
  announceCart({ ...facts, key: { orderId: "o" }, after: { orderId: "o", version: 2 } });
  expect(info).toHaveBeenCalledTimes(1);
  info.mockRestore();
});
