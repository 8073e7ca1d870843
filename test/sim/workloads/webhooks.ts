/** An endpoint that is told two events while processes stop, and what has to be true of it in the end. */
import type { ShopEvent } from "../../../shared/events/event.ts";
import { type World, InvariantBroken } from "../scheduler/world.ts";
import type { Processes } from "./processes.ts";
import type { System } from "./system.ts";

const endpointId = "crm";
const resource = "order/told";
const url = "https://example.com/hooks";
const runMs = 48_000;
/** Longer than every lease. */
const lapsedMs = 120_000;

const events = (["order.placed", "order.paid"] as const).map((type, index): ShopEvent => {
  const sequence = index + 1;
  const facts = { id: `evt_${sequence}`, type, resource, resourceVersion: String(sequence) };
  return { ...facts, sequence, occurredAtMs: 9_000_000_000_000, actor: "alice", data: {} };
});

export class Told {
  readonly #world: World;
  readonly #heard: string[] = [];
  #deliveryId = "";
  #isPrepared = false;
  #isTaken = true;

  constructor(world: World) {
    this.#world = world;
  }

  readonly #call = async ({ headers }: { headers: Readonly<Record<string, string>> }) => {
    if (this.#isTaken) this.#heard.push(headers["webhook-id"]!);
    return { answered: this.#isTaken ? 200 : 500 };
  };

  async prepare(system: System, { isTaken }: { isTaken: boolean }): Promise<void> {
    const types = ["order.placed", "order.paid"] as const;
    await system.webhooks.endpoints.put(endpointId, { url, types, active: true });
    await system.database.strew("Outbox", { put: events.map((event) => ({ ...event })) });
    this.#isPrepared = true;
    if (isTaken) return;
    this.#isTaken = false;
    while (!this.#deliveryId) {
      await this.tellAll(system);
      const { rows } = await system.webhooks.endpoints.listDeliveries(endpointId, { limit: 5 });
      this.#deliveryId = rows[0]?.deliveryId ?? "";
    }
    this.#isTaken = true;
  }

  async tellAll({ webhooks, clock }: System): Promise<void> {
    await webhooks.feeding.feed(events);
    // An index is behind its table for a while.
    await this.#world.sleep(5_000);
    const untilMs = clock() + runMs;
    await webhooks.sending(this.#call).send(endpointId, untilMs as ReturnType<typeof clock>);
  }

  retry({ webhooks }: System): Promise<unknown> {
    return webhooks.trying(this.#call).retry(endpointId, this.#deliveryId);
  }

  /** A replay that finds nothing, because all is told as new: it holds nothing up, and comes to its end. */
  async replay(system: System): Promise<void> {
    await system.webhooks.replays.begin(endpointId, { fromMs: 0 as ReturnType<System["clock"]> });
    await this.tellAll(system);
  }

  /** Whatever stopped: each event was told, in order, and again only where somebody stopped behind telling it. */
  async settle(processes: Processes): Promise<void> {
    if (!this.#isPrepared) return;
    for (let round = 0; round < 3; round += 1) {
      await this.#world.sleep(lapsedMs);
      await processes.insist("settle", (system) => this.tellAll(system));
    }
    const listed = await processes.insist("settle", ({ webhooks }) =>
      webhooks.endpoints.listDeliveries(endpointId, { limit: 5 }),
    );
    const rows = listed.kind === "done" ? listed.value.rows : [];
    const statuses = rows.map(({ status }) => status);
    const heard = this.#heard.join();
    const isInOrder = /^evt_1(,evt_1)*,evt_2(,evt_2)*$/.test(heard) && this.#heard.length <= 4;
    if (!isInOrder || statuses.join() !== "delivered,delivered") {
      throw new InvariantBroken("E3", `Told ${heard}, and noted ${statuses.join()}`);
    }
  }
}
