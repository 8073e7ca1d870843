/** Where webhooks may not lead: what an address says when it is saved, and what it stands for when it is called. */
import type { lookup as lookUp } from "node:dns";
import { createServer, type RequestListener, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { createWebhookCalls } from "../../../functions/runtime/webhook-call.ts";
import { checkAddress, isPublicAddress } from "../../../shared/webhooks/address.ts";

const production = { production: true };

/** Addresses that nobody may have called, in whatever notation. */
const forbidden = [
  // Loopback.
  "https://127.0.0.1/",
  "https://127.1/",
  "https://127.0.1/",
  "https://2130706433/",
  "https://0x7f000001/",
  "https://0x7f.0.0.1/",
  "https://0177.0.0.1/",
  "https://017700000001/",
  "https://127.255.255.254/",
  "https://１２７.０.０.１/",
  "https://127。0。0。1/",
  "https://%31%32%37.0.0.1/",
  "https://[::1]/",
  "https://[0:0:0:0:0:0:0:1]/",
  "https://[0000::0001]/",
  // Nowhere, and everybody.
  "https://0.0.0.0/",
  "https://0/",
  "https://[::]/",
  "https://255.255.255.255/",
  "https://224.0.0.1/",
  "https://[ff02::1]/",
  // Private.
  "https://10.0.0.1/",
  "https://10.255.255.255/",
  "https://167772161/",
  "https://0xa000001/",
  "https://012.0.0.1/",
  "https://172.16.0.1/",
  "https://172.31.255.255/",
  "https://192.168.0.1/",
  "https://192.168.257/",
  "https://3232235521/",
  "https://[fc00::1]/",
  "https://[fd12:3456:789a::1]/",
  // Link-local, and the services that clouds have there.
  "https://169.254.169.254/latest/meta-data/",
  "https://0xa9fea9fe/",
  "https://2852039166/",
  "https://169.254.170.2/v2/credentials",
  "https://[fe80::1]/",
  "https://[fd00:ec2::254]/",
  // Of providers' networks, for tests, for documents, reserved.
  "https://100.64.0.1/",
  "https://198.18.0.1/",
  "https://192.0.0.170/",
  "https://192.0.2.1/",
  "https://203.0.113.7/",
  "https://240.0.0.1/",
  "https://[2001:db8::1]/",
  "https://[fec0::1]/",
  // IPv4 inside IPv6.
  "https://[::ffff:127.0.0.1]/",
  "https://[::ffff:7f00:1]/",
  "https://[::ffff:10.0.0.1]/",
  "https://[::ffff:a9fe:a9fe]/",
  "https://[::127.0.0.1]/",
  "https://[64:ff9b::7f00:1]/",
  "https://[64:ff9b:1::a9fe:a9fe]/",
  "https://[2002:7f00:1::]/",
  "https://[2001:0:7f00:1::]/",
  // Names of an inner network.
  "https://localhost/",
  "https://LOCALHOST./",
  "https://printer/",
  "https://anything.localhost/",
  "https://metadata.google.internal/",
  "https://nas.local/",
  // Other schemes, and what is none.
  "http://example.com/",
  "ftp://example.com/",
  "file:///etc/passwd",
  "gopher://example.com/",
  "javascript:alert(1)",
  "data:text/plain,x",
  "//example.com/",
  "example.com",
  "https://",
  "https://user@example.com/",
  "https://user:password@example.com/",
];

test(`${forbidden.length} addresses are refused when they are saved`, () => {
  const taken = forbidden.filter((address) => {
    try {
      checkAddress(address, production);
      return true;
    } catch {
      return false;
    }
  });
  expect(taken).toEqual([]);
  expect(forbidden.length).toBeGreaterThan(60);
});

test("those of the internet are taken, and kept in one notation", () => {
  expect(checkAddress("https://EXAMPLE.com:443/hooks?a=1#part", production)).toBe(
    "https://example.com/hooks?a=1",
  );
  for (const address of [
    "https://8.8.8.8/",
    "https://[2606:4700:4700::1111]/",
    "https://a.b:8443/",
  ])
    expect(checkAddress(address, production)).toBe(address);
});

test("outside production one's own machine may listen, and no other inner one", () => {
  const dev = { production: false };
  for (const address of ["http://localhost:3000/x", "http://127.0.0.1/", "http://[::1]:8080/"])
    expect(checkAddress(address, dev)).toBe(address);
  for (const address of ["http://10.0.0.1/", "http://169.254.169.254/", "http://printer/"])
    expect(() => checkAddress(address, dev)).toThrow(/url/);
});

test("what is no address is not public", () => {
  expect(["", "x", "300.1.1.1", "fe80::1%eth0"].filter(isPublicAddress)).toEqual([]);
});

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

async function listen(answer: RequestListener): Promise<number> {
  server = createServer(answer);
  await new Promise<void>((settle) => server!.listen(0, "127.0.0.1", settle));
  return (server.address() as AddressInfo).port;
}

/** DNS that answers with these addresses, whatever is asked. */
function resolvingTo(...addresses: readonly string[]) {
  const asked: string[] = [];
  const resolve = ((name: string, _options: object, done: (...given: unknown[]) => void) => {
    asked.push(name);
    const found = addresses.map((address) => ({ address, family: address.includes(":") ? 6 : 4 }));
    done(null, found);
  }) as unknown as typeof lookUp;
  return { resolve, asked };
}

const callOf = (url: string) => ({ url, headers: { "webhook-id": "evt_1" }, body: '{"a":"ä"}' });

describe("when it is called", () => {
  test("what was saved before there were rules is refused by what it says", async () => {
    const { resolve, asked } = resolvingTo("8.8.8.8");
    const call = createWebhookCalls({ rules: production, resolve });
    const outcomes = await Promise.all(forbidden.map((url) => call(callOf(url))));
    expect(outcomes.filter(({ problem }) => problem === undefined)).toEqual([]);
    expect(asked).toEqual([]);
  });

  test("a name is refused by what it stands for, also when only one of its addresses is inside", async () => {
    let heard = 0;
    const port = await listen((_request, response) => {
      heard += 1;
      response.end();
    });
    for (const inner of [
      ["127.0.0.1"],
      ["10.0.0.1"],
      ["::1"],
      ["::ffff:127.0.0.1"],
      ["8.8.8.8", "fd00::1"],
    ]) {
      const call = createWebhookCalls({ rules: production, ...resolvingTo(...inner) });
      const outcome = await call(callOf(`https://evil.example.com:${port}/`));
      expect(outcome).toEqual({ problem: "The name stands for an inner address" });
    }
    expect(heard).toBe(0);
  });

  test("a name is looked up once, and what was checked is what is called", async () => {
    const port = await listen((request, response) => {
      response.end(`${request.method} ${request.headers.host}`);
    });
    const { resolve, asked } = resolvingTo("127.0.0.1");
    const call = createWebhookCalls({ rules: { production: false }, resolve });
    const outcome = await call(callOf(`http://shop.example.com:${port}/hooks`));
    expect(outcome).toEqual({ answered: 200, answer: `POST shop.example.com:${port}` });
    expect(asked).toEqual(["shop.example.com"]);
  });

  test("a redirect is an answer, and not followed", async () => {
    const paths: string[] = [];
    const port = await listen(({ url = "" }, response) => {
      paths.push(url);
      response.writeHead(307, { location: "http://169.254.169.254/" }).end();
    });
    const call = createWebhookCalls({ rules: { production: false } });
    expect(await call(callOf(`http://127.0.0.1:${port}/a`))).toEqual({ answered: 307 });
    expect(paths).toEqual(["/a"]);
  });

  test("a kilobyte of an answer is kept, however long it goes on", async () => {
    const port = await listen((_request, response) => {
      const write = (): void => {
        while (response.write("x".repeat(10_000)));
        response.once("drain", write);
      };
      write();
    });
    const call = createWebhookCalls({ rules: { production: false } });
    const { answered, answer } = await call(callOf(`http://127.0.0.1:${port}/`));
    expect([answered, answer]).toEqual([200, "x".repeat(1_024)]);
  });

  test("who says nothing, or does not come to an end, is given up after five seconds @long", async () => {
    const port = await listen(({ url }, response) => {
      if (url === "/drips") response.write("a");
    });
    const call = createWebhookCalls({ rules: { production: false } });
    const outcomes = await Promise.all(
      ["silent", "drips"].map((path) => call(callOf(`http://127.0.0.1:${port}/${path}`))),
    );
    const problem = "No answer within 5 seconds";
    expect(outcomes).toEqual([{ problem }, { problem }]);
  });

  test("nobody there is told as such", async () => {
    const port = await listen(() => {});
    server!.close();
    const call = createWebhookCalls({ rules: { production: false } });
    expect((await call(callOf(`http://127.0.0.1:${port}/`))).problem).toMatch(
      /ECONNREFUSED|hang up/,
    );
  });
});
