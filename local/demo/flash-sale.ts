/** A flash sale in the shop that runs here: a crowd of simulated shoppers wants one item, and the model says what DynamoDB would do. */
import { type Client, createClient, isProblem } from "../../client/index.ts";
import { askModel, type ModelNumbers } from "./model-crowd.ts";

/** How many come, and for how many units. */
export interface SaleSize {
  readonly buyers: number;
  readonly units: number;
}

/** How a sale stands; it changes in place while it runs. */
export interface Sale extends SaleSize {
  readonly itemId: string;
  readonly name: string;
  readonly startedAtMs: number;
  isRunning: boolean;
  /** Orders that were answered; at the end as many as buyers. */
  answered: number;
  /** Units that were ordered, and of those the ones that are paid. */
  ordered: number;
  paid: number;
  /** Told that there is none left. */
  refused: number;
  /** Neither: no answer, or a fault. */
  failed: number;
  tookMs: number;
  /** Units held or sold beyond those that there were: 0, or the promise is broken. Told once it has ended. */
  oversold?: number;
  model?: ModelNumbers;
  /** Why it could not go on. */
  problem?: string;
}

/** What a sale needs of the shop. */
export interface SaleDoor {
  readonly url: string;
  /** Of an administrator, who may create the item and order for every shopper. */
  readonly token: () => Promise<string>;
}

/** So many orders are under way side by side: the shop's pages are to answer meanwhile. */
const lanes = 12;
/** After so long the rest of the crowd goes home, whatever hangs. */
const longestMs = 180_000;

const sayWhy = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** A sale that begins now, under a name of its own: no sale meets the leftovers of another. */
export function createSale({ buyers, units }: SaleSize, nowMs = Date.now()): Sale {
  const time = new Date(nowMs).toTimeString().slice(0, 8);
  return {
    buyers,
    units,
    itemId: `flash-sale-${nowMs}`,
    name: `Flash sale, ${time}`,
    startedAtMs: nowMs,
    isRunning: true,
    answered: 0,
    ordered: 0,
    paid: 0,
    refused: 0,
    failed: 0,
    tookMs: 0,
  };
}

/** Wants one unit, and pays for it where it gets one. */
async function buy(client: Client, sale: Sale, buyer: number, signal: AbortSignal): Promise<void> {
  const params = { userId: `flash-${sale.startedAtMs}-${buyer}` };
  const items = [{ itemId: sale.itemId, quantity: 1 }];
  let orderId: string | undefined;
  try {
    const body = { items, paymentMethod: "sandbox" as const };
    ({ orderId } = await client.placeOrder({ params, body }, { signal }));
    sale.ordered += 1;
  } catch (error) {
    if (isProblem(error, "ITEMS_UNAVAILABLE")) sale.refused += 1;
    else sale.failed += 1;
  }
  sale.answered += 1;
  sale.tookMs = Date.now() - sale.startedAtMs;
  if (orderId === undefined) return;
  const { transactionId } = await client.initiatePayment({ body: { orderId } }, { signal });
  await client.paySandbox({ body: { transactionId, outcome: "success" } }, { signal });
  sale.paid += 1;
}

async function sendCrowd(client: Client, sale: Sale): Promise<void> {
  const signal = AbortSignal.timeout(longestMs);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < sale.buyers && !signal.aborted) {
      next += 1;
      // Who got a unit and could not pay keeps it held until its time is over, as anybody would.
      await buy(client, sale, next, signal).catch(() => undefined);
    }
  };
  await Promise.all(Array.from({ length: lanes }, lane));
}

/**
 * Puts an item up for sale, sends the crowd, and counts. Ends within three minutes; it never fails, but says in the
 * sale itself what went wrong.
 */
export async function runSale({ url, token }: SaleDoor, sale: Sale): Promise<void> {
  const client = createClient({ baseUrl: url, token });
  const { itemId, name, units: quantity, buyers } = sale;
  try {
    const price = { amountMinor: 1_900, currency: "EUR" };
    await client.createItem({ body: { itemId, name, kind: "Retail", price, quantity } });
    await sendCrowd(client, sale);
    const { held, sold, available } = await client.getItem({ params: { itemId } });
    sale.oversold = Math.max(0, held + sold - quantity, sale.ordered - quantity, -available);
    sale.model = await askModel(buyers, quantity);
  } catch (error) {
    sale.problem = sayWhy(error);
  } finally {
    sale.isRunning = false;
  }
}
