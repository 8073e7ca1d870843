/** A server and a shop for a whole test file, with the books checked at its end. */
import { afterAll } from "vitest";
import type { HoldfastOptions } from "../../local/holdfast.ts";
import { checkBooks } from "./books.ts";
import { startServer, type TestServer } from "./server.ts";
import { openShop, type Shop } from "./shop.ts";

/** What a test file works with. */
export interface ShopOfFile {
  readonly server: TestServer;
  readonly shop: Shop;
  /** Items that the file sells without an order; the books must add up all the same. */
  readonly soldByHand: string[];
}

async function open(options: HoldfastOptions): Promise<ShopOfFile> {
  const server = await startServer(options);
  return { server, shop: openShop(server), soldByHand: [] };
}

/**
 * The shop with default settings of this process, which ends with it: its functions are warm and its tables there
 * for every file but the first. Whoever uses it names its own items and people (`fresh`).
 */
let common: Promise<ShopOfFile> | undefined;

/**
 * Opens a shop, and checks its books after the last test of the file. With settings of its own it is the file's
 * alone; without any it is shared with other files, one after the other.
 *
 * @example const { server, shop } = await openShopForFile({ context: { sweep: "off" } });
 */
export async function openShopForFile(options?: HoldfastOptions): Promise<ShopOfFile> {
  const opened = await (options ? open(options) : (common ??= open({})));
  const { server, soldByHand } = opened;
  afterAll(async () => {
    try {
      await checkBooks(server, "in the end", soldByHand);
    } finally {
      await (options ? server.stop() : server.account());
    }
  });
  return opened;
}

/** The server without a sweep of this process. */
let unswept: Promise<TestServer> | undefined;

/**
 * Starts a server whose sweep runs only when it is told to, for files that name their own documents, items and people:
 * it is shared with the other files of the process, and ends with it.
 *
 * @example const server = await startUnsweptServer();
 */
export async function startUnsweptServer(): Promise<TestServer> {
  const server = await (unswept ??= startServer({ context: { sweep: "off" } }));
  afterAll(() => server.account());
  return server;
}
