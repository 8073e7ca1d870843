/** Items and promotions to begin with. */
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

/** How many units there are of each sample. */
export const sampleStock = samples.map(({ itemId, quantity }) => ({ itemId, quantity }));

const promotions: readonly InputOf<"putPromotion">[] = [
  {
    params: { code: "SPRING10" },
    body: {
      name: "Spring sale",
      type: "discount",
      target: "total",
      value: "-10%",
      maxUses: 100,
      maxUsesPerShopper: 3,
    },
  },
  {
    params: { code: "EARLYBIRD" },
    body: {
      name: "Early bird",
      type: "discount",
      target: "item",
      kind: "Ticket",
      value: "-5%",
      automatic: true,
    },
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

/** Makes those that nobody has made yet: what somebody else has said of them counts. */
async function promote(client: Client): Promise<void> {
  const { promotions: known } = await client.listPromotions({ query: { limit: 100 } });
  const codes = new Set(known.map(({ code }) => code));
  const missing = promotions.filter(({ params }) => !codes.has(params.code));
  await Promise.all(missing.map((promotion) => client.putPromotion(promotion)));
}

/** Puts those into the shop that are not there yet, promotions too, and says how many items. The shop decides: a list may be a second old. */
export async function addSamples(client: Client): Promise<number> {
  const made = await Promise.all(samples.map((body) => add(client, body)));
  await promote(client);
  return made.filter(Boolean).length;
}
