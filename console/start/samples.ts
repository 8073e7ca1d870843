/** Items to begin with. */
import { type Client, type InputOf, isProblem } from "../../client/index.ts";

const price = (amountMinor: number) => ({ amountMinor, currency: "EUR" });

const samples: readonly InputOf<"createItem">["body"][] = [
  { itemId: "chair", name: "Oak chair", kind: "Retail", price: price(4_900), quantity: 12 },
  { itemId: "table", name: "Long table", kind: "Retail", price: price(39_900), quantity: 3 },
  {
    itemId: "lamp",
    name: "The only lamp",
    kind: "Retail",
    price: price(12_900),
    quantity: 1,
    holdPolicy: "exclusive",
  },
  { itemId: "mug", name: "Mug", kind: "Retail", price: price(1_200), quantity: 200 },
  {
    itemId: "ticket",
    name: "Concert ticket",
    kind: "Ticket",
    price: price(5_500),
    quantity: 500,
    shards: 4,
    limits: { perShopper: 4 },
  },
];

/** Makes one, unless it is there already. */
async function add(client: Client, body: (typeof samples)[number]): Promise<boolean> {
  try {
    await client.createItem({ body });
    return true;
  } catch (error) {
    if (isProblem(error, "ITEM_EXISTS")) return false;
    throw error;
  }
}

/** Puts those into the shop that are not there yet, and says how many. The shop decides: a list may be a second old. */
export async function addSamples(client: Client): Promise<number> {
  const made = await Promise.all(samples.map((body) => add(client, body)));
  return made.filter(Boolean).length;
}
