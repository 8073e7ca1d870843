/** Stands between a client and DynamoDB Local and counts: the same way for every client, whatever it lets one see. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

/** What went through. */
export interface Counted {
  readonly requests: number;
  readonly writeUnits: number;
  readonly readUnits: number;
}

interface Capacity {
  readonly CapacityUnits?: number;
  readonly ReadCapacityUnits?: number;
  readonly WriteCapacityUnits?: number;
}

/** Of a transaction each table tells its own. */
interface Answer {
  readonly ConsumedCapacity?: Capacity | readonly Capacity[];
}

const reading = /^(Get|BatchGet|Query|Scan|TransactGet)/;

const actionOf = ({ headers }: IncomingMessage): string =>
  String(headers["x-amz-target"]).split(".")[1] ?? "";

/** Starts it in front of an endpoint; it asks that each answer says what it cost. */
export async function startCounting(endpoint: string) {
  let counted: Counted = { requests: 0, writeUnits: 0, readUnits: 0 };

  function add(action: string, { ConsumedCapacity = [] }: Answer): void {
    let { requests, writeUnits, readUnits } = counted;
    requests += 1;
    for (const capacity of [ConsumedCapacity].flat()) {
      const { CapacityUnits = 0, ReadCapacityUnits, WriteCapacityUnits } = capacity;
      const isRead = reading.test(action);
      readUnits += ReadCapacityUnits ?? (isRead ? CapacityUnits : 0);
      writeUnits += WriteCapacityUnits ?? (isRead ? 0 : CapacityUnits);
    }
    counted = { requests, writeUnits, readUnits };
  }

  const server = createServer(async (request, response) => {
    const asked = { ...((await json(request)) as object), ReturnConsumedCapacity: "TOTAL" };
    // Those of the body that was are wrong for this one; the engine does not look at the signature's.
    const { host: _host, "content-length": _length, ...headers } = request.headers;
    const answer = await fetch(endpoint, {
      method: "POST",
      headers: headers as Record<string, string>,
      body: JSON.stringify(asked),
    });
    const body = await answer.text();
    add(actionOf(request), JSON.parse(body) as object);
    response.writeHead(answer.status, { "content-type": "application/x-amz-json-1.0" }).end(body);
  });
  await new Promise<void>((settle) => server.listen(0, "127.0.0.1", settle));
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    /** What went through since it was asked last. */
    take(): Counted {
      const taken = counted;
      counted = { requests: 0, writeUnits: 0, readUnits: 0 };
      return taken;
    },
    stop(): void {
      server.closeAllConnections();
      server.close();
    },
  };
}
