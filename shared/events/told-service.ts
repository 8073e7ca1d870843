/** Lists what left: for administrators who ask what became of something, and for who missed some of it. */
import type { Database } from "../table/database.ts";
import type { Page } from "../table/paging.ts";
import type { ShopEvent } from "./event.ts";
import { listEvents } from "./event-store.ts";

/** What the service is made of. */
export interface ToldServiceOptions {
  readonly database: Database;
}

/** Makes the service. */
export function createToldService({ database }: ToldServiceOptions) {
  return {
    /**
     * A page of what left of a resource, oldest first, for 90 days. One request.
     *
     * @example const { rows } = await told.list("order/ord_x", { limit: 20 });
     */
    list: (
      resource: string,
      page: { limit: number; cursor?: string | undefined },
    ): Promise<Page<ShopEvent>> => listEvents(database, resource, page),
  };
}
