/** The items in most demand: what of each is free, held and sold, and from how many rows it is sold. */
import { Emptiness } from "../parts/emptiness.tsx";
import type { Desk, Item } from "./desk.ts";
import { openItem, openNewItem } from "./item-form.tsx";
import { NextDeadline } from "./next-deadline.tsx";
import { SubjectButton } from "./subject-button.tsx";

/** More rows than that are for a decision of their own. */
const mostByButton = 64;

function spread({ client, items, notices }: Desk, { itemId, shards = 1 }: Item): Promise<boolean> {
  return notices.attempt(async () => {
    const wanted = shards * 2;
    await client.changeItem({ params: { itemId }, body: { shards: wanted } });
    await items.ask();
    return `${itemId} is sold from ${wanted} rows.`;
  });
}

const parts = ["available", "held", "sold"] as const;

function Bar({ item }: { readonly item: Item }) {
  const all = parts.reduce((sum, part) => sum + item[part], 0);
  return (
    <div class="bar" aria-hidden="true">
      {parts.map((part) => (
        <span key={part} class={part} style={{ width: `${all && (item[part] / all) * 100}%` }} />
      ))}
    </div>
  );
}

function Row({ desk, item }: { readonly desk: Desk; readonly item: Item }) {
  const { itemId, name, shards = 1 } = item;
  return (
    <tr>
      <th scope="row">
        <SubjectButton desk={desk} subject={`item/${itemId}`} name={name} />
        <Bar item={item} />
        <NextDeadline desk={desk} itemId={itemId} />
      </th>
      {parts.map((part) => (
        <td key={part} class="number">
          {item[part]}
        </td>
      ))}
      <td class="number">{shards}</td>
      <td>
        {item.holdPolicy === "counted" && shards * 2 <= mostByButton ? (
          <button type="button" onClick={() => spread(desk, item)}>
            Sell {name} from {shards * 2}
          </button>
        ) : null}{" "}
        <button type="button" onClick={() => openItem(desk, item)} aria-label={`Change ${itemId}`}>
          Change…
        </button>
      </td>
    </tr>
  );
}

/** The second panel: items by how much of them is held. */
export function ItemsPanel({ desk }: { readonly desk: Desk }) {
  const items = (desk.items.value.value ?? []).toSorted((one, other) => other.held - one.held);
  return (
    <section aria-label="Items">
      <h2>Items</h2>
      <Emptiness
        list={desk.items.value.value}
        problem={desk.items.problem.value}
        says="There is no item."
      />
      <p>
        <button type="button" onClick={() => openNewItem(desk)}>
          New item…
        </button>
      </p>
      <table>
        <caption>By units held; free, held and sold as bars</caption>
        <thead>
          <tr>
            <th scope="col">Item</th>
            <th scope="col">Free</th>
            <th scope="col">Held</th>
            <th scope="col">Sold</th>
            <th scope="col">Rows</th>
            <th scope="col">Do</th>
          </tr>
        </thead>
        <tbody>
          {items.map((item) => (
            <Row key={item.itemId} desk={desk} item={item} />
          ))}
        </tbody>
      </table>
    </section>
  );
}
