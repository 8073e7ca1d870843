/**
 * The pages that exist on this machine only: `GET /_local/<name>` is answered by the entry of that name. To add one,
 * write a `Page` in a file of this folder and put it into the table.
 */
import { docs } from "./docs.ts";
import { editor } from "./editor.ts";
import { events } from "./events.ts";
import { flashSale } from "./flash-sale.ts";
import {
  alarms,
  buckets,
  calls,
  contention,
  faults,
  functions,
  logs,
  queues,
  schedules,
  secrets,
  tables,
} from "./insides.ts";
import type { Page } from "./page.ts";
import { providers } from "./providers.ts";
import { jwks, token, wellKnown } from "./sign-in.ts";

/** `GET /_local` lists what there is. */
const index: Page = () => ({
  pages: Object.keys(pages)
    .filter(Boolean)
    .map((name) => `/_local/${name}`),
});

/** Every page, by the name that follows `/_local/`. */
export const pages: Record<string, Page> = {
  "": index,
  token,
  ".well-known": wellKnown,
  "jwks.json": jwks,
  alarms,
  buckets,
  calls,
  contention,
  docs,
  editor,
  events,
  faults,
  "flash-sale": flashSale,
  functions,
  logs,
  providers,
  queues,
  schedules,
  secrets,
  tables,
};
