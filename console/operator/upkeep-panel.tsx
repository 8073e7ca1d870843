/** What is done seldom: the whole stock checked, a person's data shown or erased, everything ended at once. */
import { useSignal } from "@preact/signals";
import { isProblem } from "../../client/index.ts";
import { openQuestion, reasonField } from "./confirm-form.tsx";
import type { Desk } from "./desk.ts";
import type { Field } from "./form-values.ts";
import { erasePerson, exportPerson } from "./people-calls.ts";

/** Exactly this ends everything. */
const confirmation = "clear all locks";
const person: Field = { name: "userId", label: "User", required: true };

async function checkStock({ client }: Desk): Promise<{ items: number; wrong: string[] }> {
  const wrong: string[] = [];
  let items = 0;
  let cursor: string | undefined;
  do {
    const page = await client.checkInventory({ query: cursor === undefined ? {} : { cursor } });
    items += page.items;
    wrong.push(...page.violations.map(({ itemId, problem }) => `${itemId}: ${problem}`));
    cursor = page.cursor ?? undefined;
  } while (cursor !== undefined);
  return { items, wrong };
}

/** Without the confirmation the API only counts, and says so as a refusal. */
async function countAll({ client }: Desk): Promise<string> {
  try {
    await client.clearAllLocks({ body: {} });
  } catch (error) {
    if (!isProblem(error, "INVALID_REQUEST") || !("dryRun" in error.problem)) throw error;
    const counts = Object.entries(error.problem.dryRun as Record<string, unknown>);
    return counts.map(([name, count]) => `${name} ${String(count)}`).join(", ");
  }
  return "nothing";
}

async function endAll({ client, locks, stats }: Desk, body: object): Promise<string> {
  let [released, ended] = [0, 0];
  let isMoving = true;
  // An order that a bank is at work on stays: then there is nothing more to end now.
  while (isMoving) {
    const { releasedLocks, endedOrders, complete } = await client.clearAllLocks({ body });
    released += releasedLocks;
    ended += endedOrders;
    isMoving = !complete && releasedLocks + endedOrders > 0;
  }
  await Promise.all([locks.ask(), stats.ask()]);
  return `${released} locks and ${ended} orders have ended.`;
}

const openClearing = (desk: Desk) =>
  desk.notices.attempt(async () => {
    const counted = await countAll(desk);
    openQuestion({
      notices: desk.notices,
      title: "End every lock and every pending order",
      warning: `Everybody loses what they hold or edit. It would end now: ${counted}.`,
      action: "End all of them",
      fields: [{ name: "confirm", label: `Type: ${confirmation}`, required: true }, reasonField],
      save: ({ confirm, reason }) => endAll(desk, { confirm, reason }),
    });
  });

function openPerson(desk: Desk): void {
  openQuestion({
    notices: desk.notices,
    title: "What there is of a person",
    warning: "Whatever the API exports of them is saved as a file.",
    action: "Save it",
    fields: [person],
    save: async ({ userId = "" }) => {
      const pages = await exportPerson(desk, userId);
      const file = new Blob([JSON.stringify(pages, null, 2)], { type: "application/json" });
      const link = document.createElement("a");
      link.href = URL.createObjectURL(file);
      link.download = `${userId}.json`;
      link.click();
      URL.revokeObjectURL(link.href);
      return `What there is of ${userId} is saved.`;
    },
  });
}

function openErasing(desk: Desk): void {
  openQuestion({
    notices: desk.notices,
    title: "Erase a person",
    warning: "What tells of them is gone for good. Amounts, lines and history stay.",
    action: "Erase them",
    fields: [person, { name: "again", label: "The same user once more", required: true }],
    save: async ({ userId = "", again }) => {
      if (userId !== again) throw new Error("body.again: is not the same user");
      const { orders, carts, locks } = await erasePerson(desk, userId);
      return `${userId} is erased: ${orders} orders, ${carts} carts, ${locks} locks.`;
    },
  });
}

/** The panel; whatever ends something asks first. */
export function UpkeepPanel({ desk }: { readonly desk: Desk }) {
  const wrong = useSignal<readonly string[]>([]);
  const check = () =>
    desk.notices.attempt(async () => {
      const { items, wrong: found } = await checkStock(desk);
      wrong.value = found;
      return `${items} items checked, ${found.length} do not add up.`;
    });
  return (
    <section aria-label="Upkeep">
      <h2>Upkeep</h2>
      <ul>
        {wrong.value.map((each) => (
          <li key={each} class="problem">
            {each}
          </li>
        ))}
      </ul>
      <div class="actions">
        <button type="button" onClick={check}>
          Check all stock
        </button>
        <button type="button" onClick={() => openPerson(desk)}>
          Save a person's data…
        </button>
        <button type="button" onClick={() => openErasing(desk)}>
          Erase a person…
        </button>
        <button type="button" onClick={() => openClearing(desk)}>
          End everything…
        </button>
      </div>
    </section>
  );
}
