/** A server and a shop for a whole test file, with the books checked at its end. */
import { afterAll, beforeAll } from "vitest";
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

/** The same without a sweep, which runs only when it is told to. Pages of another origin may call it. */
let unswept: Promise<ShopOfFile> | undefined;
const openUnswept = (): Promise<ShopOfFile> =>
  (unswept ??= open({ context: { sweep: "off", allowOrigins: otherOrigin } }));

/** Whose pages may call the shop without a sweep. */
export const otherOrigin = "https://shop.example.com";

/** Checks the books, and then ends what is the file's alone. */
async function close({ server, soldByHand }: ShopOfFile, isShared: boolean): Promise<void> {
  try {
    await checkBooks(server, "in the end", soldByHand);
  } finally {
    await (isShared ? server.account() : server.stop());
  }
}

/**
 * Opens a shop, and checks its books after the last test of the file. With settings of its own it is the file's
 * alone; without any it is shared with other files, one after the other.
 *
 * @example const { server, shop } = await openShopForFile({ context: { holdSeconds: "3" } });
 */
export async function openShopForFile(options?: HoldfastOptions): Promise<ShopOfFile> {
  const opened = await (options ? open(options) : (common ??= open({})));
  afterAll(() => close(opened, !options));
  return opened;
}

/**
 * Opens the shop without a sweep, shared in the same way.
 *
 * @example const { server, shop } = await openUnsweptShop();
 */
export async function openUnsweptShop(): Promise<ShopOfFile> {
  const opened = await openUnswept();
  afterAll(() => close(opened, true));
  return opened;
}

/**
 * For files whose tests are all long: their shop is opened before the first of them, and not at all where none runs.
 *
 * @example
 * const file = openShopWhenNeeded({ contention });
 * it("… @long", () => file.shop.item());
 */
export function openShopWhenNeeded(options: HoldfastOptions): ShopOfFile {
  const file = {} as ShopOfFile;
  beforeAll(async () => {
    Object.assign(file, await open(options));
    return () => close(file, false);
  });
  return file;
}

/**
 * Starts a server whose sweep runs only when it is told to, for files that name their own documents, items and people:
 * it is shared with the other files of the process, and ends with it.
 *
 * @example const server = await startUnsweptServer();
 */
export async function startUnsweptServer(): Promise<TestServer> {
  const { server } = await openUnswept();
  afterAll(() => server.account());
  return server;
}
