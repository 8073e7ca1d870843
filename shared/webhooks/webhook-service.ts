/** Endpoints as administrators make, change and look at them. */
import { randomId } from "../base/ids.ts";
import { type Clock, later } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import { type AddressRules, checkAddress } from "./address.ts";
import { openAudience } from "./audience-store.ts";
import { listDeliveries } from "./delivery-store.ts";
import { persisting } from "./persisting.ts";
import { makeSecret } from "./signing.ts";
import {
  type Delivery,
  mostWebhooks,
  NoAudience,
  rotate,
  type Webhook,
  type WebhookFacts,
} from "./webhook.ts";
import {
  changeWebhookWrite,
  createWebhookWrite,
  findWebhook,
  getWebhook,
  listWebhooks,
  removeWebhookWrite,
} from "./webhook-store.ts";

/** What the service is made of. */
export interface WebhookServiceOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly rules: AddressRules;
  /** For how long the secret before signs along. */
  readonly overlapMs: number;
  /** So many endpoints there may be. */
  readonly most?: number;
}

/** An endpoint, and its new secret where it has one: shown this once. */
export interface Made {
  readonly webhook: Webhook;
  readonly secret?: string;
}

type Paging = { readonly limit: number; readonly cursor?: string | undefined };

/** Makes the service. */
export function createWebhookService(options: WebhookServiceOptions) {
  const { database, clock, rules, overlapMs, most = mostWebhooks } = options;

  const get = (endpointId: string): Promise<Webhook> => getWebhook(database, endpointId);

  async function create(endpointId: string, facts: WebhookFacts): Promise<Made> {
    const secret = makeSecret();
    const webhook: Webhook = {
      endpointId,
      uid: randomId("whk"),
      stamp: randomId("stamp"),
      createdAtMs: clock(),
      secrets: [{ secret }],
      ...facts,
    };
    try {
      await database.apply(createWebhookWrite(webhook, most));
    } catch (error) {
      if (error instanceof NoAudience) await openAudience(database);
      throw error;
    }
    return { webhook, secret };
  }

  return {
    /**
     * Makes an endpoint, or changes it: it keeps its secret then, and listens again if it was paused. Two requests, and
     * two more for the very first. Who is to be told is changed in the same transaction.
     *
     * @throws InvalidRequest when the address leads inside; nothing was read or written
     * @throws TooManyWebhooks when it would be one too many; nothing was changed
     */
    async put(endpointId: string, given: WebhookFacts): Promise<Made> {
      const facts = { ...given, url: checkAddress(given.url, rules) };
      return persisting(async () => {
        const known = await findWebhook(database, endpointId);
        if (!known) return create(endpointId, facts);
        const over = { pausedAtMs: undefined, pausedBecause: undefined };
        const stamp = randomId("stamp");
        await database.apply(changeWebhookWrite(known, stamp, { ...facts, ...over }));
        const { pausedAtMs: _at, pausedBecause: _because, ...webhook } = known;
        return { webhook: { ...webhook, ...facts, stamp } };
      });
    },

    /**
     * The endpoint as of now. One request.
     *
     * @throws WebhookNotFound
     */
    get,

    /** A page of the endpoints by name; it can be short and still have a cursor. One request. */
    list: (page: Paging): Promise<Page<Webhook>> => listWebhooks(database, page),

    /**
     * Makes an endpoint go, with everything that it was not told yet. Two requests.
     *
     * @throws WebhookNotFound
     */
    async remove(endpointId: string): Promise<Webhook> {
      return persisting(async () => {
        const webhook = await get(endpointId);
        await database.apply(removeWebhookWrite(webhook, randomId("stamp"), clock()));
        return webhook;
      });
    },

    /**
     * Gives an endpoint a new secret; the one before signs along for a while. Two requests.
     *
     * @throws WebhookNotFound
     */
    async rotate(endpointId: string): Promise<Made> {
      return persisting(async () => {
        const known = await get(endpointId);
        const secret = makeSecret();
        const secrets = rotate(known, secret, later(clock(), overlapMs));
        const stamp = randomId("stamp");
        await database.apply(changeWebhookWrite(known, stamp, { secrets }));
        return { webhook: { ...known, secrets, stamp }, secret };
      });
    },

    /**
     * A page of what an endpoint was told in the last 14 days, the latest first. Two requests.
     *
     * @throws WebhookNotFound
     */
    async listDeliveries(endpointId: string, page: Paging): Promise<Page<Delivery>> {
      const { uid } = await get(endpointId);
      return listDeliveries(database, uid, page);
    },
  };
}
