/** Live updates over a WebSocket that comes back by itself; loaded only where a page asks for it. */
import { onPageEvents, type PageTarget } from "./page-events.ts";

/** What happened to a topic. */
export interface LiveMessage {
  readonly type: string;
  readonly topic: string;
  /** The same for a message that comes twice. */
  readonly id: string;
  readonly occurredAtMs: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** Hears what happened; called with nothing when something may have been missed: then ask for the state. */
export type LiveListener = (message?: LiveMessage) => void;

/** Hears of one's turn in a line. Another's turn wakes nobody. */
export interface Turn {
  next(): Promise<void>;
  stop(): void;
}

/** An editing session, as far as its lock is heard of. */
export interface HeardSession {
  readonly docId: string;
  readonly state: string;
  check(): Promise<unknown>;
}

/** Topics that are followed, over one connection. */
export interface Live {
  /** Hears of a topic until what this returns is called. */
  follow(topic: string, listener: LiveListener): () => void;
  /** For who waits in a document's line: `next` resolves at one's turn, or when it may have been missed. */
  hearTurn(docId: string, ticket: () => string | undefined): Turn;
  /**
   * Has an editing session ask the server whenever something becomes of its lock, so that it tells at once, and not
   * with the next heartbeat only, that somebody asks for it (`asked`) or that it was ended by force (`lost`).
   */
  hearLock(session: HeardSession): () => void;
  /** Ends the connection for good. */
  close(): void;
}

/** What it needs of a client: an address for each connection. */
export interface LiveDoor {
  openLive(input: object): Promise<{ readonly url: string }>;
}

/** What it needs of the world; a test has its own. */
export interface LiveOptions {
  readonly page?: PageTarget | undefined;
  readonly WebSocket?: typeof globalThis.WebSocket;
  /** Told of topics that the caller may not follow. */
  readonly onRefused?: (topic: string, code: string) => void;
}

/** The server takes so many topics in one message. */
const mostTopics = 20;
/** API Gateway ends a connection after ten silent minutes, and networks end some without a word. */
const pingMs = 60_000;
const [firstPauseMs, longestPauseMs] = [500, 30_000];
/** So many ids are remembered to know a repetition. */
const mostSeen = 500;

interface Told extends Partial<LiveMessage> {
  readonly refused?: readonly { readonly topic: string; readonly code: string }[];
}

const defaultPage =
  "addEventListener" in globalThis ? (globalThis as unknown as PageTarget) : undefined;

class LiveConnection implements Live {
  readonly #client: LiveDoor;
  readonly #options: LiveOptions;
  readonly #listeners = new Map<string, Set<LiveListener>>();
  readonly #seen = new Set<string>();
  readonly #stopPage: () => void;
  #socket: WebSocket | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Since the last answer so many attempts were in vain. */
  #failures = 0;
  #isSilent = false;
  #isClosed = false;

  constructor(client: LiveDoor, options: LiveOptions) {
    this.#client = client;
    this.#options = options;
    const { page = defaultPage } = options;
    this.#stopPage = onPageEvents(
      page,
      () => this.#wake(),
      () => undefined,
    );
    void this.#connect();
  }

  follow(topic: string, listener: LiveListener): () => void {
    const known = this.#listeners.get(topic);
    const listeners = known ?? new Set();
    this.#listeners.set(topic, listeners.add(listener));
    if (!known) this.#send({ type: "subscribe", topics: [topic] });
    return () => {
      listeners.delete(listener);
      if (listeners.size > 0 || this.#listeners.get(topic) !== listeners) return;
      this.#listeners.delete(topic);
      this.#send({ type: "unsubscribe", topics: [topic] });
    };
  }

  hearTurn(docId: string, ticket: () => string | undefined): Turn {
    let wake: () => void;
    let heard: Promise<void>;
    const listen = (): void => void (heard = new Promise((resolve) => (wake = resolve)));
    listen();
    const stop = this.follow(`lock/document/${docId}`, (message) => {
      if ((message?.data["ticket"] ?? ticket()) === ticket()) wake();
    });
    return { stop, next: () => heard.then(listen) };
  }

  hearLock(session: HeardSession): () => void {
    const stop = this.follow(`lock/document/${session.docId}`, () => {
      if (/lost|closed/.test(session.state)) stop();
      else void session.check();
    });
    return stop;
  }

  close(): void {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    this.#stopPage();
    this.#socket?.close();
  }

  #send(message: object): void {
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message));
  }

  async #connect(): Promise<void> {
    const { WebSocket = globalThis.WebSocket } = this.#options;
    try {
      const { url } = await this.#client.openLive({});
      if (this.#isClosed) return;
      const socket = new WebSocket(url);
      this.#socket = socket;
      socket.addEventListener("open", () => this.#subscribe());
      socket.addEventListener("message", ({ data }) =>
        this.#hear(JSON.parse(String(data)) as Told),
      );
      socket.addEventListener("close", () => this.#again(socket));
    } catch {
      this.#again(this.#socket);
    }
  }

  #subscribe(): void {
    const topics = [...this.#listeners.keys()];
    for (let at = 0; at < topics.length; at += mostTopics) {
      this.#send({ type: "subscribe", topics: topics.slice(at, at + mostTopics) });
    }
    this.#isSilent = false;
    this.#beat();
  }

  /** Asks whether anybody is there; a connection that does not answer until the next time is none. */
  #beat(): void {
    clearTimeout(this.#timer);
    if (this.#isSilent) return this.#socket?.close();
    this.#isSilent = true;
    this.#send({ type: "ping" });
    this.#timer = setTimeout(() => this.#beat(), pingMs);
  }

  #hear(told: Told): void {
    this.#failures = 0;
    this.#isSilent = false;
    const { type, topic, id } = told;
    // From now on nothing is missed; what happened before has to be asked for.
    if (type === "subscribed") {
      for (const each of (told as { topics?: string[] }).topics ?? []) this.#tell(each);
      for (const { topic: refused, code } of told.refused ?? [])
        this.#options.onRefused?.(refused, code);
    }
    if (topic === undefined || id === undefined || this.#seen.has(id)) return;
    this.#seen.add(id);
    if (this.#seen.size > mostSeen) this.#seen.delete(this.#seen.values().next().value!);
    this.#tell(topic, told as LiveMessage);
  }

  #tell(topic: string, message?: LiveMessage): void {
    for (const listener of this.#listeners.get(topic) ?? []) {
      // A listener that throws harms nobody else.
      queueMicrotask(() => listener(message));
    }
  }

  /** A new connection after a pause, longer each time; each begins with a new address. */
  #again(socket: WebSocket | undefined): void {
    if (this.#isClosed || socket !== this.#socket) return;
    clearTimeout(this.#timer);
    const longestMs = Math.min(longestPauseMs, firstPauseMs * 2 ** this.#failures);
    this.#failures += 1;
    this.#timer = setTimeout(() => void this.#connect(), longestMs * (0.5 + Math.random() / 2));
  }

  /** After a sleep nobody knows what was missed, or whether the connection still is one. */
  #wake(): void {
    for (const topic of this.#listeners.keys()) this.#tell(topic);
    if (this.#socket?.readyState === 1) {
      this.#isSilent = false;
      this.#beat();
    }
  }
}

/**
 * Follows topics (`lock/document/…`, `cart/me/default`, `order/…`, `item/…`) over one connection, which comes back by itself
 * with a new address each time. A push is a hint: after each (re)connection, and when the page wakes up, listeners
 * are called without a message, to ask for the state.
 *
 * @example
 * const { connectLive } = await import("holdfast/live"); // here: client/live.ts
 * const live = connectLive(client);
 * live.follow("item/chair", async () => show(await client.getItem({ params: { itemId: "chair" } })));
 */
export function connectLive(client: LiveDoor, options: LiveOptions = {}): Live {
  return new LiveConnection(client, options);
}
