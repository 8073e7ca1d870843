/** Making an item, and changing what the shop says of one: only what was changed is sent. */
import type { InputOf } from "../../client/index.ts";
import { formatAmount, parseAmount } from "../parts/money.ts";
import { pickChanged, refuseOverwriting } from "./changes.ts";
import type { Desk, Item } from "./desk.ts";
import { openDialog } from "./dialog.tsx";
import {
  dropUndefined,
  type Field,
  formatInstant,
  makeFieldError,
  readInstant,
  readNumber,
  readText,
  type Values,
} from "./form-values.ts";
import { RecordForm } from "./record-form.tsx";

type ItemChange = NonNullable<InputOf<"changeItem">["body"]>;

const named: readonly Field[] = [
  { name: "itemId", label: "Id", required: true, hint: "Stays as it is for ever." },
];
const stocked: readonly Field[] = [
  { name: "kind", label: "Kind", required: true, hint: "For example Retail." },
  { name: "quantity", label: "Units in stock", kind: "number", required: true },
  { name: "vendorId", label: "Vendor" },
];
const told: readonly Field[] = [
  { name: "name", label: "Name", required: true },
  { name: "price", label: "Price", required: true, hint: "For example 49.00; orders keep theirs." },
  { name: "currency", label: "Currency", required: true },
];
const further: readonly Field[] = [
  {
    name: "holdPolicy",
    label: "Held by",
    kind: "choice",
    options: ["counted", "exclusive"],
    required: true,
    hint: "counted: as many buyers as units; exclusive: one at a time.",
  },
  { name: "shards", label: "Sold from so many rows", kind: "number" },
  { name: "description", label: "Description", kind: "area" },
  { name: "imageUrl", label: "Picture's address" },
  { name: "limits.perOrder", label: "Most in one order", kind: "number" },
  { name: "limits.perShopper", label: "Most for one shopper", kind: "number" },
  { name: "sale.startsAtMs", label: "Sold from", kind: "time" },
  { name: "sale.endsAtMs", label: "Sold until", kind: "time" },
];

const show = (value: number | undefined): string => (value === undefined ? "" : String(value));

function fillValues({ price, limits, sale, ...item }: Item): Values {
  return {
    name: item.name,
    price: formatAmount(price.amountMinor, price.currency),
    currency: price.currency,
    holdPolicy: item.holdPolicy,
    shards: show(item.shards),
    description: item.description ?? "",
    imageUrl: item.imageUrl ?? "",
    "limits.perOrder": show(limits?.perOrder),
    "limits.perShopper": show(limits?.perShopper),
    "sale.startsAtMs": formatInstant(sale?.startsAtMs),
    "sale.endsAtMs": formatInstant(sale?.endsAtMs),
  };
}

function readPrice(values: Values): { amountMinor: number; currency: string } {
  const currency = (readText(values, "currency") ?? "").toUpperCase();
  if (!/^[A-Z]{3}$/.test(currency)) throw makeFieldError("currency", "must be a code such as EUR");
  const amountMinor = parseAmount(values["price"] ?? "", currency);
  if (amountMinor === undefined) throw makeFieldError("price", "must be an amount such as 49.00");
  return { amountMinor, currency };
}

/** An object of what is there, or undefined where nothing is. */
function keepSome<T extends object>(fields: T): T | undefined {
  const kept = dropUndefined(fields);
  return Object.keys(kept).length > 0 ? kept : undefined;
}

function readFacts(values: Values, seen?: Item) {
  return dropUndefined({
    name: readText(values, "name") ?? "",
    price: readPrice(values),
    holdPolicy: values["holdPolicy"] === "exclusive" ? ("exclusive" as const) : undefined,
    shards: readNumber(values, "shards"),
    description: readText(values, "description"),
    imageUrl: readText(values, "imageUrl"),
    limits: keepSome({
      perOrder: readNumber(values, "limits.perOrder"),
      perShopper: readNumber(values, "limits.perShopper"),
    }),
    sale: keepSome({
      startsAtMs: readInstant(values, "sale.startsAtMs", seen?.sale?.startsAtMs),
      endsAtMs: readInstant(values, "sale.endsAtMs", seen?.sale?.endsAtMs),
    }),
  });
}

async function create({ client, items }: Desk, values: Values): Promise<string> {
  const body = dropUndefined({
    ...readFacts(values),
    itemId: readText(values, "itemId") ?? "",
    kind: readText(values, "kind") ?? "",
    quantity: readNumber(values, "quantity") ?? 0,
    vendorId: readText(values, "vendorId"),
  }) as InputOf<"createItem">["body"];
  await client.createItem({ body });
  await items.ask();
  return `${body.itemId} is made, with ${body.quantity} units.`;
}

async function change({ client, items }: Desk, seen: Item, values: Values): Promise<string> {
  const { itemId } = seen;
  const body = pickChanged(readFacts(fillValues(seen), seen), readFacts(values, seen));
  if (body["holdPolicy"] === null) body["holdPolicy"] = "counted";
  if (Object.keys(body).length === 0) return `Nothing of ${itemId} was changed.`;
  refuseOverwriting(seen, await client.getItem({ params: { itemId } }), Object.keys(body));
  await client.changeItem({ params: { itemId }, body: body as ItemChange });
  await items.ask();
  return `${itemId} is changed: ${Object.keys(body).join(", ")}.`;
}

/** Opens the form of a new item. */
export function openNewItem(desk: Desk): void {
  openDialog(
    <RecordForm
      key="new-item"
      title="New item"
      action="Make it"
      fields={[...named, ...told, ...stocked, ...further]}
      initial={{ currency: "EUR", kind: "Retail", holdPolicy: "counted" }}
      save={(values) => create(desk, values)}
      notices={desk.notices}
    />,
  );
}

/** Opens the form of an item that there is. */
export function openItem(desk: Desk, item: Item): void {
  openDialog(
    <RecordForm
      key={`item-${item.itemId}`}
      title={`Change ${item.itemId}`}
      action="Change it"
      fields={[...told, ...further]}
      initial={fillValues(item)}
      save={(values) => change(desk, item, values)}
      notices={desk.notices}
    />,
  );
}
