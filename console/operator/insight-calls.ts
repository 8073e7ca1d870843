/** The routes of insight, by the names of their operations: the client has none of them, because shops need none. */
import type { z } from "zod";
import type { listHolds } from "../../shared/api/hold-analytics.ts";
import type { Session } from "../parts/session.ts";
import type { ShopMinute } from "./hour.ts";

/** What is known of one payment method's hold time. */
export type MethodHold = z.output<(typeof listHolds)["answers"][200]>["holds"][number];

/** Each sends one request. */
export const insightCalls = {
  /** The last hour of the whole shop: one page has room for all its minutes. */
  async listContention({ ask }: Session): Promise<readonly ShopMinute[]> {
    const path = "/admin/analytics/contention?kind=shop&limit=100";
    return ((await ask("GET", path)) as { readonly minutes: readonly ShopMinute[] }).minutes;
  },
  async listHolds({ ask }: Session): Promise<readonly MethodHold[]> {
    const answer = (await ask("GET", "/admin/analytics/holds")) as {
      readonly holds: readonly MethodHold[];
    };
    return answer.holds;
  },
};
