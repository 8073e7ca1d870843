/** Live updates in the client: what is heard, what is asked for again, and how a connection comes back. */
import type { EditingState } from "../../../client/index.ts";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { connectLive, type LiveListener, type LiveMessage } from "../../../client/live.ts";

/** A server's end of each connection that was made. */
class FakeSocket {
  static made: FakeSocket[] = [];
  readonly url: string;
  readonly sent: { type: string; topics?: string[] }[] = [];
  readyState = 0;
  readonly #listeners = new Map<string, (event: { data: string }) => void>();

  constructor(url: string) {
    this.url = url;
    FakeSocket.made.push(this);
  }

  send(text: string): void {
    const message = JSON.parse(text) as { type: string; topics?: string[] };
    this.sent.push(message);
    if (message.type === "subscribe")
      this.say({ type: "subscribed", topics: message.topics, refused: [] });
    if (message.type === "ping" && this.isAlive) this.say({ type: "pong" });
  }

  isAlive = true;

  addEventListener(kind: string, listener: (event: { data: string }) => void): void {
    this.#listeners.set(kind, listener);
  }

  close(): void {
    this.readyState = 3;
    this.#listeners.get("close")?.({ data: "" });
  }

  open(): void {
    this.readyState = 1;
    this.#listeners.get("open")?.({ data: "" });
  }

  say(message: object): void {
    this.#listeners.get("message")?.({ data: JSON.stringify(message) });
  }
}

let asked = 0;
const client = { openLive: async () => ({ url: `ws://live/${(asked += 1)}`, expiresAtMs: 0 }) };

function connect(page?: EventTarget) {
  const refused: string[] = [];
  const live = connectLive(client, {
    page,
    WebSocket: FakeSocket as never,
    onRefused: (topic, code) => refused.push(`${topic}: ${code}`),
  });
  return { live, refused };
}

async function opened(index = 0): Promise<FakeSocket> {
  await vi.advanceTimersByTimeAsync(0);
  const socket = FakeSocket.made[index]!;
  socket.open();
  await vi.advanceTimersByTimeAsync(0);
  return socket;
}

const message = (id: string, topic = "item/chair"): LiveMessage => {
  return { type: "item.level", topic, id, occurredAtMs: 1, data: { available: 3 } };
};

beforeEach(() => {
  vi.useFakeTimers();
  FakeSocket.made = [];
  asked = 0;
});
afterEach(() => {
  vi.useRealTimers();
});

test("a topic is asked for once it is followed, and each message is heard once", async () => {
  const { live } = connect();
  const heard: (string | undefined)[] = [];
  live.follow("item/chair", (told) => heard.push(told?.id));
  const socket = await opened();
  for (const id of ["a", "b", "a"]) socket.say(message(id));
  socket.say(message("c", "item/table"));
  await vi.advanceTimersByTimeAsync(0);
  // First of all: ask for the state, from here on nothing is missed.
  expect(heard).toEqual([undefined, "a", "b"]);
  expect(socket.sent).toContainEqual({ type: "subscribe", topics: ["item/chair"] });
  live.close();
});

test("what nobody follows any more is not asked for, and two who follow share one subscription", async () => {
  const { live } = connect();
  const socket = await opened();
  const stops = [
    live.follow("item/chair", vi.fn<LiveListener>()),
    live.follow("item/chair", vi.fn<LiveListener>()),
  ];
  stops[0]!();
  expect(socket.sent.filter(({ type }) => type !== "ping")).toHaveLength(1);
  stops[1]!();
  expect(socket.sent.at(-1)).toEqual({ type: "unsubscribe", topics: ["item/chair"] });
  live.close();
});

test("a connection that ends comes back with a new address, and listeners are told to ask", async () => {
  const { live } = connect();
  const listener = vi.fn<LiveListener>();
  live.follow("item/chair", listener);
  (await opened()).close();
  listener.mockClear();
  await vi.advanceTimersByTimeAsync(600);
  const second = await opened(1);
  expect(second.url).toBe("ws://live/2");
  expect(listener.mock.calls).toEqual([[undefined]]);
  live.close();
});

test("pauses grow while nobody answers, and begin anew after an answer", async () => {
  const { live } = connect();
  for (let round = 0; round < 8; round += 1) {
    await vi.advanceTimersByTimeAsync(30_000);
    FakeSocket.made.at(-1)!.close();
  }
  const tries = FakeSocket.made.length;
  await vi.advanceTimersByTimeAsync(14_000);
  expect(FakeSocket.made.length).toBe(tries);
  await vi.advanceTimersByTimeAsync(16_000);
  expect(FakeSocket.made.length).toBe(tries + 1);
  live.close();
});

test("a connection that has died without a word is noticed by its silence", async () => {
  const { live } = connect();
  const socket = await opened();
  await vi.advanceTimersByTimeAsync(180_000);
  expect(FakeSocket.made).toHaveLength(1);
  socket.isAlive = false;
  await vi.advanceTimersByTimeAsync(180_000);
  expect(FakeSocket.made.length).toBeGreaterThan(1);
  live.close();
});

test("a page that wakes up asks for everything that it follows", async () => {
  const page = new EventTarget();
  const { live } = connect(page);
  const listener = vi.fn<LiveListener>();
  live.follow("item/chair", listener);
  await opened();
  listener.mockClear();
  page.dispatchEvent(new Event("pageshow"));
  await vi.advanceTimersByTimeAsync(0);
  expect(listener.mock.calls).toEqual([[undefined]]);
  live.close();
});

test("a session of whose lock something becomes asks the server, which says what; one that is over does not", async () => {
  const { live } = connect();
  const socket = await opened();
  const checks: string[] = [];
  const session = {
    docId: "a/b",
    state: "held" as EditingState,
    check: async () => {
      checks.push(session.state);
      return session.state;
    },
  };
  live.hearLock(session);
  await vi.advanceTimersByTimeAsync(0);
  const topic = "lock/document/a/b";
  // Once the topic is followed: what happened before has to be found out.
  expect(checks).toHaveLength(1);
  const told = { topic, occurredAtMs: 1, data: {} };
  socket.say({ ...told, type: "lock.asked", id: "1" });
  socket.say({ ...told, type: "lock.forced", id: "2" });
  await vi.advanceTimersByTimeAsync(0);
  expect(checks).toHaveLength(3);
  session.state = "lost";
  socket.say({ ...told, type: "lock.acquired", id: "3" });
  await vi.advanceTimersByTimeAsync(0);
  expect(checks).toHaveLength(3);
  expect(socket.sent.at(-1)).toEqual({ type: "unsubscribe", topics: [topic] });
  live.close();
});

test("a topic that is refused is told by name, and nothing comes back once all is closed", async () => {
  const { live, refused } = connect();
  live.follow("order/x", vi.fn<LiveListener>());
  const socket = await opened();
  socket.say({
    type: "subscribed",
    topics: [],
    refused: [{ topic: "order/x", code: "FORBIDDEN" }],
  });
  expect(refused).toEqual(["order/x: FORBIDDEN"]);
  live.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(FakeSocket.made).toHaveLength(1);
});
