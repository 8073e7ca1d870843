/** Has endpoints told again what left, as administrators ask for it; what tells them does the work. */
import { randomId } from "../base/ids.ts";
import type { Clock } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { persisting } from "./persisting.ts";
import { beginReplay, type ReplayAsk } from "./replay.ts";
import type { Webhook } from "./webhook.ts";
import { changeWebhookWrite, getWebhook } from "./webhook-store.ts";

/** Makes the service. */
export function createReplayService({
  database,
  clock,
}: {
  readonly database: Database;
  readonly clock: Clock;
}) {
  return {
    /**
     * Has an endpoint told again what left since an instant, beside what is new: the sweep begins with it. Asked for the
     * same while it is under way, it is that one. Two requests.
     *
     * @throws InvalidRequest when the instant is yet to come
     * @throws WebhookNotFound
     * @throws ReplayUnderWay when another one is under way; nothing was changed
     */
    begin: (endpointId: string, ask: ReplayAsk): Promise<Webhook> =>
      persisting(async () => {
        const known = await getWebhook(database, endpointId);
        const replay = beginReplay(known, ask, clock());
        if (replay === known.replay) return known;
        const stamp = randomId("stamp");
        await database.apply(changeWebhookWrite(known, stamp, { replay }));
        return { ...known, replay, stamp };
      }),
  };
}
