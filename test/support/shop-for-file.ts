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

/**
 * Starts them, and stops them after the last test of the file.
 *
 * @example const { server, shop } = await openShopForFile({ context: { sweep: "off" } });
 */
export async function openShopForFile(options: HoldfastOptions = {}): Promise<ShopOfFile> {
  const server = await startServer(options);
  const soldByHand: string[] = [];
  afterAll(async () => {
    try {
      await checkBooks(server, "in the end", soldByHand);
    } finally {
      await server.stop();
    }
  });
  return { server, shop: openShop(server), soldByHand };
}
