/** Sends what was paid for, and writes that down with the order, once however often it is told. */
import type { Client } from "../client/index.ts";
import type { Take } from "./receiver.ts";

/** Who packs and sends. The same reference is the same parcel. */
export interface Carrier {
  ship(parcel: {
    reference: string;
    lines: readonly { itemId: string; quantity: number }[];
  }): Promise<{ tracking: string }>;
}

/** The client's token is an administrator's: fulfilments are written by nobody else. */
export function createFulfilment(client: Pick<Client, "fulfilOrder">, carrier: Carrier): Take {
  return async ({ id: reference, type, data }) => {
    if (type !== "order.paid") return;
    const { orderId, lines } = data;
    const { tracking: number } = await carrier.ship({ reference, lines });
    // The event's id is the reference: who dies here, and is told again, writes the same fulfilment again.
    await client.fulfilOrder({
      params: { orderId },
      body: {
        reference,
        lines: lines.map(({ lineId, quantity }) => ({ lineId, quantity })),
        tracking: { number },
      },
    });
  };
}
