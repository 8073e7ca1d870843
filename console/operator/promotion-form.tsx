/** Making a promotion, changing and ending one: the whole of it is set, unless somebody else has set it meanwhile. */
import type { AnswerOf, InputOf } from "../../client/index.ts";
import { isProblem } from "../../client/index.ts";
import { refuseOverwriting } from "./changes.ts";
import type { Desk } from "./desk.ts";
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

/** A promotion as it was read. */
export type Promotion = AnswerOf<"getPromotion">;
type Body = InputOf<"putPromotion">["body"];

const isByCode = ({ automatic }: Values): boolean => automatic !== "true";
const isOnItems = ({ target }: Values): boolean => target === "item";

const fields: readonly Field[] = [
  { name: "name", label: "Name", required: true },
  {
    name: "type",
    label: "Type",
    required: true,
    hint: "For example discount, tax, shipping or fee.",
  },
  {
    name: "target",
    label: "Applies to",
    kind: "choice",
    options: ["subtotal", "total", "item"],
    required: true,
  },
  {
    name: "value",
    label: "Value",
    required: true,
    hint: "A sign and per cent or minor units, such as -10% or +500.",
  },
  { name: "itemId", label: "Only for the item", isShown: isOnItems },
  { name: "kind", label: "Only for items of the kind", isShown: isOnItems },
  { name: "order", label: "Place among others", kind: "number" },
  { name: "automatic", label: "Applies by itself, without a code", kind: "check" },
  { name: "startsAtMs", label: "From", kind: "time" },
  { name: "endsAtMs", label: "Until", kind: "time" },
  { name: "minSubtotalMinor", label: "From a subtotal of, in minor units", kind: "number" },
  { name: "maxUses", label: "Most uses", kind: "number", isShown: isByCode },
  { name: "maxUsesPerShopper", label: "Most uses by one", kind: "number", isShown: isByCode },
  { name: "combinable", label: "Goes together with other codes", kind: "check", isShown: isByCode },
  { name: "active", label: "Active", kind: "check" },
];
const code: Field = { name: "code", label: "Code", required: true };
const numbers = ["order", "minSubtotalMinor", "maxUses", "maxUsesPerShopper"] as const;

function fillValues(promotion: Promotion): Values {
  const facts = Object.entries(promotion).filter(([name]) => name !== "uses");
  return {
    ...Object.fromEntries(
      facts.map(([name, value]) => [name, value === false ? "" : String(value)]),
    ),
    startsAtMs: formatInstant(promotion.startsAtMs),
    endsAtMs: formatInstant(promotion.endsAtMs),
  };
}

function readBody(values: Values, seen?: Promotion): Body {
  const shown = fields.filter(({ isShown = () => true }) => isShown(values));
  const isTold = (name: string): boolean => shown.some((field) => field.name === name);
  const numbersTold = numbers.filter(isTold).map((name) => [name, readNumber(values, name)]);
  return dropUndefined({
    name: readText(values, "name") ?? "",
    type: readText(values, "type") ?? "",
    target: values["target"] as Body["target"],
    value: readText(values, "value") ?? "",
    itemId: isTold("itemId") ? readText(values, "itemId") : undefined,
    kind: isTold("kind") ? readText(values, "kind") : undefined,
    automatic: values["automatic"] === "true",
    combinable: isTold("combinable") && values["combinable"] === "true",
    active: values["active"] === "true",
    startsAtMs: readInstant(values, "startsAtMs", seen?.startsAtMs),
    endsAtMs: readInstant(values, "endsAtMs", seen?.endsAtMs),
    ...Object.fromEntries(numbersTold),
  }) as Body;
}

/** What it says now, without its uses, which go on by themselves. */
async function readNow({ client }: Desk, wanted: string): Promise<Partial<Promotion>> {
  try {
    const { uses: _, ...facts } = await client.getPromotion({ params: { code: wanted } });
    return facts;
  } catch (error) {
    if (isProblem(error, "PROMOTION_NOT_FOUND")) return {};
    throw error;
  }
}

async function create(desk: Desk, values: Values): Promise<string> {
  const wanted = readText(values, "code") ?? "";
  const body = readBody(values);
  if ("code" in (await readNow(desk, wanted))) throw makeFieldError("code", "is there already");
  await desk.client.putPromotion({ params: { code: wanted }, body });
  return `The promotion ${wanted} is made.`;
}

/** Sets it anew, if it still says what was seen of it. */
async function put(desk: Desk, seen: Promotion, body: Body): Promise<void> {
  const now = await readNow(desk, seen.code);
  const names = new Set([...Object.keys(seen), ...Object.keys(now)]);
  names.delete("uses");
  refuseOverwriting(seen, now, [...names]);
  await desk.client.putPromotion({ params: { code: seen.code }, body });
}

/** Switches it off: no cart and no order has it from now on; it can be switched on again. */
export async function endPromotion(desk: Desk, seen: Promotion): Promise<string> {
  await put(desk, seen, { ...readBody(fillValues(seen), seen), active: false });
  return `The promotion ${seen.code} has ended.`;
}

/** Opens the form, of a promotion that there is or of a new one. */
export function openPromotion(desk: Desk, done: () => Promise<void>, seen?: Promotion): void {
  const save = async (values: Values): Promise<string> => {
    if (!seen) return create(desk, values);
    await put(desk, seen, readBody(values, seen));
    return `The promotion ${seen.code} is changed.`;
  };
  openDialog(
    <RecordForm
      key={`promotion-${seen?.code}`}
      title={seen ? `Change promotion ${seen.code}` : "New promotion"}
      action={seen ? "Change it" : "Make it"}
      fields={seen ? fields : [code, ...fields]}
      initial={
        seen ? fillValues(seen) : { type: "discount", target: "total", order: "0", active: "true" }
      }
      notices={desk.notices}
      save={async (values) => {
        const told = await save(values);
        await done();
        return told;
      }}
    />,
  );
}
