/** A shop, or people who edit, whose facts go out meanwhile to somebody who needs every one of them. */
import { EventBooks } from "../invariants/event-books.ts";
import type { World } from "../scheduler/world.ts";
import { Editors } from "./editors.ts";
import { drawHotShopPlan, drawRefundsPlan, drawShopPlan, Shop } from "./shop.ts";

/** Runs it to its end, and then holds what was told against what happened. */
export async function runEvents(world: World): Promise<void> {
  const { random } = world;
  const draw = random.pick([drawShopPlan, drawShopPlan, drawHotShopPlan, drawRefundsPlan]);
  const people = random.chance(0.25)
    ? new Editors(world)
    : new Shop(world, { ...draw(random.fork()), withAudit: false });
  const books = new EventBooks(world, people.processes);
  let isOpen = true;
  world.script(() => books.follow(() => isOpen));
  await people.run();
  isOpen = false;
  await books.finish();
}
