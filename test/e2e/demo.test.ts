/** The demo's shoppers: they keep coming for as long as anybody watches. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { startDemo } from "../../local/demo/demo.ts";
import { startServer, type TestServer } from "../support/server.ts";

let server: TestServer;
beforeAll(async () => {
  server = await startServer({ context: { sweep: "off" } });
});
afterAll(() => server?.stop());

test("never run out, though whoever lets orders run out is soon refused: nobody comes twice @long", async () => {
  const stop = startDemo({
    url: server.url,
    token: (subject, groups) => server.token(subject, groups),
  });
  const countBuyers = async (): Promise<number> => {
    const { body } = await server.call("GET /orders?limit=100", { as: "boss", groups: ["admin"] });
    return new Set(body.orders.map(({ userId }: { userId: string }) => userId)).size;
  };
  try {
    // More than there are names.
    await expect.poll(countBuyers, { timeout: 240_000, interval: 2_000 }).toBeGreaterThan(10);
  } finally {
    stop();
  }
}, 300_000);
