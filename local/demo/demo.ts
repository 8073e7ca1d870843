/** `npm start -- --demo`: samples in the shop, and shoppers who come and go until the server stops. */
import { setTimeout as sleep } from "node:timers/promises";
import { createClient } from "../../client/index.ts";
import { addSamples, sampleStock } from "../../console/start/samples.ts";
import { visitShop } from "./visits.ts";

/** What it needs of the server. */
export interface DemoDoor {
  readonly url: string;
  token(subject: string, groups?: string[]): Promise<string>;
}

/** So many are in the shop at once, and so long after each other they come. */
const mostAtOnce = 4;
const [soonestMs, latestMs] = [1_500, 5_000];
/** How often empty shelves are filled. */
const refillMs = 30_000;

const names = ["carla", "dmitri", "esra", "femi", "grace", "hugo", "ines", "jonas", "kiri", "lena"];

/** Tokens last an hour here; each is made anew well before. */
const tokenMs = 30 * 60_000;

function createTokens({ token }: DemoDoor, subject: string, groups: string[] = []) {
  let known: Promise<string> | undefined;
  let untilMs = 0;
  return ({ isRefused }: { readonly isRefused: boolean }): Promise<string> => {
    if (isRefused || !known || Date.now() > untilMs) {
      known = token(subject, groups);
      untilMs = Date.now() + tokenMs;
    }
    return known;
  };
}

/** Fills what is sold out, but for what there is one of: there is always something to wait for. */
async function keepShelves(door: DemoDoor, signal: AbortSignal): Promise<void> {
  const token = createTokens(door, "shopkeeper", ["admin"]);
  const client = createClient({ baseUrl: door.url, token });
  await addSamples(client);
  while (!signal.aborted) {
    await sleep(refillMs, undefined, { signal });
    for (const { itemId, quantity } of sampleStock) {
      if (quantity === 1) continue;
      const { available, held } = await client.getItem({ params: { itemId } }, { signal });
      if (available + held > 0) continue;
      const body = { delta: quantity, reason: "Delivered", reference: crypto.randomUUID() };
      await client.adjustStock({ params: { itemId }, body }, { signal });
    }
  }
}

/**
 * Lets shoppers in, at most four at once, one every few seconds, over the server's own address. What the shop refuses them is
 * part of the show, so nothing fails. Returns what sends everybody home; that can be called again.
 */
export function startDemo(door: DemoDoor): () => void {
  const abort = new AbortController();
  const { signal } = abort;
  let [comers, inside] = [0, 0];

  /** Nobody comes twice: whoever lets a few orders run out is refused for an hour, and soon nobody would be left. */
  async function letIn(): Promise<void> {
    comers += 1;
    inside += 1;
    const name = `${names[comers % names.length]}-${comers}`;
    const client = createClient({ baseUrl: door.url, token: createTokens(door, name) });
    await visitShop({ client, signal, random: Math.random }).catch(() => undefined);
    inside -= 1;
  }

  async function keepOpen(): Promise<void> {
    while (!signal.aborted) {
      await sleep(soonestMs + Math.random() * (latestMs - soonestMs), undefined, { signal });
      if (inside < mostAtOnce) void letIn();
    }
  }

  async function keepFilled(): Promise<void> {
    while (!signal.aborted) {
      await keepShelves(door, signal).catch(() => undefined);
      if (!signal.aborted) await sleep(refillMs, undefined, { signal });
    }
  }

  void keepFilled().catch(() => undefined);
  void keepOpen().catch(() => undefined);
  return () => abort.abort();
}
