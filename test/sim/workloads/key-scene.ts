/** Requests that come twice under one idempotency key, at once and late: done once, whatever happened since. */
import { keyedRequest, keyLifeMs } from "../../../shared/table/request-memory.ts";
import type { Cart } from "../../../shared/carts/model/cart.ts";
import type { EditRequest } from "../../../shared/carts/storage/cart-edits.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import type { System } from "./system.ts";

/** Runs a request, and breaks the invariant where it comes to something else. */
export type Expect = (
  invariant: string,
  expected: string,
  label: string,
  work: (system: System) => Promise<unknown>,
) => Promise<void>;

type Edit = (carts: System["carts"], to: EditRequest) => Promise<Cart>;

const reused = "IDEMPOTENCY_KEY_REUSED";

/** Edits of a cart: repeated after many others, while somebody pays, and with nothing to change. */
async function cartKeys(world: World, expect: Expect): Promise<void> {
  const at = { userId: "keys", sessionId: "1", instance: "menu", actor: { id: "keys" } };
  const once =
    (key: string, content: unknown, edit: Edit, by = "keys") =>
    ({ carts }: System): Promise<unknown> => {
      const to = { ...at, keyed: keyedRequest(by, key, content) };
      return carts.once(to, () => edit(carts, to));
    };
  const set = (key: string, value: number, by?: string) =>
    once(key, value, (carts, to) => carts.setMetadata(to, "n", value), by);
  const clear = once("idle", "clear", (carts, to) => carts.clear(to));
  const valueOf = () => world.engine.table("Carts").get({ cartId: "keys/1" })?.["metadata:menu:n"];
  const mustBe = (invariant: string, value: string | undefined): void => {
    if (valueOf() === value) return;
    throw new InvariantBroken(invariant, `the value is ${String(valueOf())}, not ${String(value)}`);
  };
  await expect("I1", "ok", "idle", clear);
  await expect("I1", "ok", "set", set("a", 1));
  await expect("I1", "ok", "idle again", clear);
  mustBe("I1", "1");
  for (let other = 2; other < 12; other += 1) {
    await expect("I1", "ok", "set", set(`other ${other}`, other));
  }
  await world.sleep(keyLifeMs / 2);
  await expect("I1", "ok", "set again", set("a", 1));
  mustBe("I1", "11");
  await expect("I2", reused, "set another", set("a", 12));
  await expect("I3", "ok", "set by another", set("a", 13, "another"));
  mustBe("I3", "13");
  await expect("P1", "ok", "lock", ({ carts }) =>
    carts.lockCart({ ...at, orderId: "ord_keys", leaseMs: 1_000 }),
  );
  await expect("I1", "ok", "set again", set("a", 1));
  await expect("P1", "CART_LOCKED", "set", set("b", 14));
  mustBe("P1", "13");
  await world.sleep(keyLifeMs);
  await expect("I1", "ok", "set after a day", set("a", 15));
  mustBe("I1", "15");
}

/** Saves and forced releases: late, after the lock has gone to somebody else. */
async function lockKeys(expect: Expect): Promise<void> {
  const documentId = "keys";
  const alice = { userId: "alice" };
  const saves = { documentId, owner: alice, fence: 0, idempotencyKey: "save" };
  const save = ({ documents }: System) => documents.save({ ...saves, content: "old" });
  const forced = { resource: "document/keys", actor: { id: "root" }, reason: "away" };
  const force = ({ locks }: System) => locks.endByForce({ ...forced, idempotencyKey: "force" });
  const edit =
    (userId: string) =>
    ({ documents }: System) =>
      documents.edit(documentId, { owner: { userId }, leaseMs: 60_000 });
  await expect("I1", "ok", "force nothing", force);
  await expect("L1", "ok", "edit", async (system) => {
    saves.fence = (await edit("alice")(system)).lock.fence;
  });
  await expect("I1", "ok", "force again", force);
  await expect("I1", "ok", "save", save);
  await expect("L1", "ok", "edit", edit("bob"));
  await expect("I1", "ok", "save again", save);
  await expect("I2", reused, "save another", ({ documents }) =>
    documents.save({ ...saves, content: "new" }),
  );
  await expect("L5", "ok", "bob's still", ({ locks }) =>
    locks.renew({ resource: "document/keys", owner: { userId: "bob" }, leaseMs: 60_000 }),
  );
}

/** Both, one after the other. */
export async function playKeys(world: World, expect: Expect): Promise<void> {
  await lockKeys(expect);
  await cartKeys(world, expect);
}
