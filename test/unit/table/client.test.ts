/** What becomes of a request that DynamoDB does not answer; the silence is a real server's. */
import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, it } from "vitest";
import { TryAgain } from "../../../shared/base/errors.ts";
import { createDocumentClient } from "../../../shared/table/client.ts";
import { createDatabase } from "../../../shared/table/database.ts";
import { newMeter, runOperation } from "../../../shared/table/operation.ts";
import { localClientSettings } from "../../support/tables.ts";

let server: Server;
afterEach(() => {
  server.closeAllConnections();
  server.close();
});

const found = JSON.stringify({ Item: { id: { S: "a" } } });

/** An odd DynamoDB: each answer is left to the test. */
async function openDatabase(answer: (response: ServerResponse, request: number) => void) {
  let requests = 0;
  server = createServer((incoming, response) => {
    incoming.resume().on("end", () => answer(response, (requests += 1)));
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  const endpoint = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const client = createDocumentClient(localClientSettings(endpoint));
  return createDatabase({ client, tableName: (table) => table });
}

function within<T>(deadlineMs: number, work: () => Promise<T>): Promise<T> {
  return runOperation({ meter: newMeter(), deadlineMs: Date.now() + deadlineMs }, work);
}

const silence: Readonly<Record<string, (response: ServerResponse) => void>> = {
  "never answers": () => {},
  "stops within its answer": (response) => {
    response.writeHead(200, { "content-length": found.length });
    response.write(found.slice(0, 5));
  },
  "hangs up within its answer": (response) => {
    response.writeHead(200, { "content-length": found.length });
    response.write(found.slice(0, 5), () => response.destroy());
  },
  "answers with half of one": (response) => response.end(found.slice(0, 5)),
};

describe("a request to a DynamoDB that", () => {
  it.each(Object.keys(silence))("%s is repeated long before time is up", async (how) => {
    const database = await openDatabase((response, request) => {
      if (request === 1) silence[how]!(response);
      else response.end(found);
    });
    // Somebody who waited for the first answer would have no time left for another try.
    const row = await within(20_000, () => database.get("Stock", { id: "a" }));
    expect(row).toEqual({ id: "a" });
  });

  it("stays silent ends in TRY_AGAIN when the time is over, and not after it", async () => {
    const database = await openDatabase((response) => setTimeout(() => response.end(found), 2_000));
    const work = within(1_000, () => database.get("Stock", { id: "a" }));
    await expect(work).rejects.toBeInstanceOf(TryAgain);
  });
});
