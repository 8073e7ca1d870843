/** Stock that moved outside of orders: counted anew, sold elsewhere, or come back. */
import type { Desk, Item } from "./desk.ts";
import { openDialog } from "./dialog.tsx";
import { type Field, readNumber, readText, type Values } from "./form-values.ts";
import { RecordForm } from "./record-form.tsx";

const kinds = ["counted anew", "sold elsewhere", "came back"] as const;
const isCount = (values: Values): boolean => values["what"] === kinds[0];

const fields: readonly Field[] = [
  { name: "what", label: "What happened", kind: "choice", options: kinds, required: true },
  {
    name: "delta",
    label: "More or fewer units than on record",
    kind: "number",
    required: true,
    hint: "For example 12 for new stock, or -2 for what broke.",
    isShown: isCount,
  },
  {
    name: "quantity",
    label: "Units",
    kind: "number",
    required: true,
    isShown: (values) => !isCount(values),
  },
  { name: "reason", label: "Reason", required: true },
  {
    name: "reference",
    label: "Reference",
    required: true,
    hint: "The same reference and contents move stock once.",
  },
];

async function move({ client, items }: Desk, itemId: string, values: Values): Promise<string> {
  const params = { itemId };
  const told = {
    reason: readText(values, "reason") ?? "",
    reference: readText(values, "reference") ?? "",
  };
  const quantity = readNumber(values, "quantity") ?? 0;
  const delta = readNumber(values, "delta") ?? 0;
  const { available } = isCount(values)
    ? await client.adjustStock({ params, body: { ...told, delta } })
    : values["what"] === kinds[1]
      ? await client.decrementStock({ params, body: { ...told, quantity } })
      : await client.incrementStock({ params, body: { ...told, quantity } });
  await items.ask();
  return `${itemId} has ${available} free units now.`;
}

/** Opens the form for an item. */
export function openStock(desk: Desk, { itemId }: Item): void {
  openDialog(
    <RecordForm
      key={`stock-${itemId}`}
      title={`Stock of ${itemId}`}
      action="Write it down"
      fields={fields}
      initial={{ what: kinds[0] }}
      notices={desk.notices}
      save={(values) => move(desk, itemId, values)}
    />,
  );
}
