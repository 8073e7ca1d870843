/** The line for a sold-out item: join it, see one's place, and order the unit that is held when it is one's turn. */
import { useEffect } from "preact/hooks";
import { isProblem } from "../../client/index.ts";
import { formatLeft } from "../parts/clock.ts";
import type { Item, Standing, Visit } from "./visit.ts";

/** A place is kept by asking for it; it is lost after 15 s without a word. */
const askEveryMs = 3_000;

interface Shown {
  readonly visit: Visit;
  readonly item: Item;
}

function stand({ lines }: Visit, itemId: string, standing: Standing | undefined): void {
  const { [itemId]: _, ...others } = lines.value;
  lines.value = standing ? { ...others, [itemId]: standing } : others;
}

type Told = Awaited<ReturnType<Visit["client"]["joinItemLine"]>>;

function parseStanding(told: Told): Standing {
  if ("position" in told) {
    const { ticket, position } = told;
    return { ticket, position };
  }
  return { ticket: told.ticket, position: 0, heldUntilMs: told.expiresAtMs };
}

function join({ visit, item: { itemId } }: Shown): Promise<boolean> {
  return visit.notices.attempt(async () => {
    stand(visit, itemId, parseStanding(await visit.client.joinItemLine({ params: { itemId } })));
  });
}

async function keep({ visit, item: { itemId } }: Shown, { ticket }: Standing): Promise<void> {
  try {
    const told = await visit.client.askItemLine({ params: { itemId }, query: { ticket } });
    stand(visit, itemId, parseStanding(told));
  } catch (error) {
    if (isProblem(error, "TICKET_NOT_FOUND") || isProblem(error, "LINE_CLOSED")) {
      stand(visit, itemId, undefined);
    }
  }
}

function leave({ visit, item: { itemId } }: Shown, { ticket }: Standing): Promise<boolean> {
  return visit.notices.attempt(async () => {
    await visit.client.leaveItemLine({ params: { itemId }, query: { ticket } });
    stand(visit, itemId, undefined);
  });
}

function order({ visit, item: { itemId } }: Shown, { ticket }: Standing): Promise<boolean> {
  return visit.notices.attempt(async () => {
    const items = [{ itemId, quantity: 1 }];
    const body = { items, tickets: [{ itemId, ticket }], paymentMethod: "sandbox" as const };
    const placed = await visit.client.placeOrder({ params: { userId: "me" }, body });
    stand(visit, itemId, undefined);
    visit.follow(placed);
    return "Ordered: the unit that was held for you.";
  });
}

function describePlace(position: number, heldUntilMs: number): string {
  if (position === 0) return `It is your turn: held for you for ${formatLeft(heldUntilMs)}`;
  return position === 1 ? "You are next" : `${position - 1} ahead of you`;
}

/** What stands in the place of "Add to cart" while an item is sold out. */
export function LineButton(shown: Shown) {
  const standing = shown.visit.lines.value[shown.item.itemId];
  const ticket = standing?.ticket;
  useEffect(() => {
    if (!standing) return undefined;
    const timer = setInterval(() => void keep(shown, standing), askEveryMs);
    return () => clearInterval(timer);
  }, [ticket]);
  if (!standing) {
    return (
      <button type="button" onClick={() => join(shown)}>
        Wait in line
      </button>
    );
  }
  const { position, heldUntilMs = 0 } = standing;
  return (
    <>
      <p class="place">{describePlace(position, heldUntilMs)}</p>
      {position === 0 ? (
        <button type="button" class="main" onClick={() => order(shown, standing)}>
          Order it
        </button>
      ) : null}
      <button type="button" onClick={() => leave(shown, standing)}>
        Leave the line
      </button>
    </>
  );
}
