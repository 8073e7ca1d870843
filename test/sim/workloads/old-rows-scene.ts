/**
 * Rows of a hot item as builds have left them that did not note which settlement rows they opened: what was paid then
 * stays sold, whoever settles it now.
 */
import type { Item } from "../engine/values.ts";
import { InvariantBroken, type World } from "../scheduler/world.ts";
import type { Expect } from "./key-scene.ts";

const itemId = "edge-unnoted";

/** The people of this scene, and what is asked of others: the bank, and the books. */
interface Stage {
  readonly world: World;
  readonly expect: Expect;
  readonly pay: (orderId: string) => Promise<unknown>;
  readonly mustCount: (wanted: Readonly<Record<"sold" | "held" | "available", number>>) => void;
}

const stockOf = ({ world }: Stage) => world.engine.table("Stock");
const isNote = ({ noticeOf }: Item): boolean => noticeOf === itemId;

/** Takes away what such builds did not write. */
function forgetNotes(stage: Stage): void {
  const table = stockOf(stage);
  for (const row of table.items().filter((each) => each["item"] === itemId || isNote(each))) {
    const { notesOpenings: _noted, catalog: _listed, ...others } = row;
    const kept = Object.entries(others).filter(([name]) => !name.startsWith("opened"));
    table.write(table.keyOf(row), Object.fromEntries(kept), () => stage.world.nowMs);
  }
}

async function place({ expect }: Stage, userId: string) {
  const source = { kind: "items", items: [{ itemId, quantity: 1 }] } as const;
  const wish = { userId, actor: { id: userId }, source, idempotencyKey: "unnoted" };
  let placed = { orderId: "", expiresAtMs: 0 };
  await expect("S2", "ok", `place by ${userId}`, async ({ orders }) => {
    placed = (await orders.place({ ...wish, paymentMethod: "sandbox" })).order;
  });
  return placed;
}

/** Four are paid for, the last one after its hold was moved; of two rows one has several instants. */
export async function playOldRows(stage: Stage): Promise<void> {
  const { world, expect, pay, mustCount } = stage;
  const price = { amountMinor: 1_000, currency: "EUR" };
  const facts = { itemId, name: itemId, kind: "Ticket", price, quantity: 6, shards: 2 };
  await expect("S1", "ok", "createItem", ({ inventory }) =>
    inventory.create({ ...facts, holdPolicy: "counted" }, { id: "root" }),
  );
  const ends: number[] = [];
  for (const userId of ["first", "second", "third"]) {
    const { orderId, expiresAtMs } = await place(stage, userId);
    await pay(orderId);
    ends.push(expiresAtMs);
    await world.sleep(10_000);
  }
  const { orderId } = await place(stage, "mover");
  await expect("S7", "ok", "initiate", ({ payments }) =>
    payments.initiate({
      orderId,
      caller: { userId: "mover", isAdmin: false },
      actor: { id: "mover" },
    }),
  );
  await pay(orderId);
  ends.push(Number(world.engine.table("Orders").get({ orderId })?.["expiresAtMs"]));
  forgetNotes(stage);
  for (const endMs of ends) {
    await world.sleep(endMs - world.nowMs);
    await expect("S3", "ok", "reclaim", ({ inventory }) => inventory.reclaim([itemId]));
  }
  mustCount({ sold: 4, held: 0, available: 2 });
  const listed = stockOf(stage).get({ itemId: `${itemId}#1`, shard: 1 });
  if (listed?.["catalog"] === "spread") return;
  throw new InvariantBroken("S3", "rows of a build before are not swept");
}
