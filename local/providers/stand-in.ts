/** A provider's API on this machine: plain HTTP, JSON, counted requests, and faults on demand. */
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";

/** A request as the stand-in got it. */
export interface StandInRequest {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage["headers"];
  readonly body: string;
}

/** What the stand-in answers: JSON, unless a type is given and the body is text. */
export interface StandInAnswer {
  readonly status: number;
  readonly body: unknown;
  readonly type?: string;
}

/** A webhook as it is sent: the very bytes, and the headers that sign them. */
export interface StandInDelivery {
  readonly body: Buffer;
  readonly headers: Readonly<Record<string, string>>;
}

/**
 * What goes wrong with a request: the connection breaks before it takes effect or after, an error comes
 * back, or nothing ever comes back, before it takes effect or after.
 */
export type Fault = "refuse" | "lose" | "error" | "hang" | "hangAfter" | undefined;

/** A stand-in that runs. */
export interface StandIn {
  readonly url: string;
  readonly requests: StandInRequest[];
  /** Asked before every request; the default lets all of them through. */
  faultFor: (request: StandInRequest) => Fault;
  /** What is sent for every event; does nothing until somebody listens. */
  onEvent: (delivery: StandInDelivery) => void;
  stop(): Promise<void>;
}

/** What happens at the provider, by name: what a shopper, a bank or a person at the dashboard does. */
export type ProviderAction =
  "pay" | "fail" | "process" | "refund" | "failRefund" | "dispute" | "winDispute" | "loseDispute";

/** One payment at a provider, as the page on this machine lists it. */
export interface ListedPayment {
  readonly id: string;
  readonly about: string;
  readonly amount: number;
  readonly currency: string;
  readonly status: string;
  readonly refunded: number;
  readonly actions: readonly ProviderAction[];
}

/** A stand-in that can be played by hand; amounts are in the provider's own units. */
export interface PlayableStandIn extends StandIn {
  list(): ListedPayment[];
  /** Makes something happen and tells of it by its webhooks. @throws Error when it cannot happen now. */
  act(id: string, action: ProviderAction, amount?: number): void;
}

/** How a stand-in begins; one that begins anew beside orders of before needs numbers that none of them has. */
export interface StandInStart {
  readonly now?: Now;
  readonly firstNumber?: number;
}

/** The time as stand-ins read it. */
export type Now = () => number;

/** An answer of success. */
export const ok = (body: unknown): StandInAnswer => ({ status: 200, body });

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}

/** Serves `answer` on a free port. A lost answer is a connection that closes after the effect. */
export async function startStandIn(
  answer: (request: StandInRequest) => StandInAnswer,
): Promise<StandIn> {
  const requests: StandInRequest[] = [];
  const standIn = { faultFor: (): Fault => undefined, onEvent: (): void => {} } as Pick<
    StandIn,
    "faultFor" | "onEvent"
  >;
  const server = createServer(async (incoming, outgoing) => {
    const { pathname, searchParams } = new URL(incoming.url ?? "/", "http://stand-in");
    const request: StandInRequest = {
      method: incoming.method ?? "GET",
      path: pathname,
      query: searchParams,
      headers: incoming.headers,
      body: await readBody(incoming),
    };
    requests.push(request);
    const fault = standIn.faultFor(request);
    if (fault === "refuse") return outgoing.destroy();
    if (fault === "hang") return undefined;
    const { status, body, type } =
      fault === "error"
        ? { status: 503, body: { error: { code: "SERVER_ERROR" } }, type: undefined }
        : answer(request);
    if (fault === "lose") return outgoing.destroy();
    if (fault === "hangAfter") return undefined;
    const contentType = type ?? "application/json";
    outgoing.writeHead(status, { "content-type": contentType, connection: "close" });
    return outgoing.end(type === undefined ? JSON.stringify(body) : String(body));
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return Object.assign(standIn, {
    url: `http://127.0.0.1:${port}`,
    requests,
    async stop() {
      server.closeAllConnections();
      await new Promise((resolve) => {
        server.close(resolve);
      });
    },
  });
}
