/** A shop, or people who edit, whose facts go out meanwhile to somebody who needs every one of them. */
import { EventBooks } from "../invariants/event-books.ts";
import type { World } from "../scheduler/world.ts";
import { Editors } from "./editors.ts";
import { Endpoints } from "./endpoints.ts";
import { drawHotShopPlan, drawRefundsPlan, drawShopPlan, Shop } from "./shop.ts";

function openPeople(world: World): Editors | Shop {
  const { random } = world;
  const draw = random.pick([drawShopPlan, drawShopPlan, drawHotShopPlan, drawRefundsPlan]);
  return random.chance(0.25)
    ? new Editors(world)
    : new Shop(world, { ...draw(random.fork()), withAudit: false });
}

/** Runs it to its end, and then holds what was told against what happened. */
export async function runEvents(world: World): Promise<void> {
  const people = openPeople(world);
  const books = new EventBooks(world, people.processes);
  let isOpen = true;
  world.script(() => books.follow(() => isOpen));
  await people.run();
  isOpen = false;
  await books.finish();
}

/** The same, with endpoints of webhooks that are told meanwhile, and for two days after. */
export async function runWebhooks(world: World): Promise<void> {
  const { rates } = world;
  const people = openPeople(world);
  const books = new EventBooks(world, people.processes);
  const endpoints = new Endpoints(world, people.processes);
  let isOpen = true;
  await endpoints.open(() => isOpen);
  world.script(() => books.follow(() => isOpen));
  await people.run();
  isOpen = false;
  await books.finish();
  world.rates = rates;
  await endpoints.finish();
}
