/** Sends requests as a client of the shop would: with a key, and again when no answer came or none that says anything. */
import { setTimeout as sleep } from "node:timers/promises";
import type { Holdfast } from "../../local/holdfast.ts";
import type { Tally } from "./tally.ts";

/** What came back at last; 0 where nothing did, however often it was tried. */
export interface Answer {
  readonly status: number;
  // oxlint-disable-next-line typescript/no-explicit-any -- each route has a body of its own
  readonly body: any;
}

/** Sends as one person. */
export type Send = (route: string, body?: unknown, key?: string) => Promise<Answer>;

const mostTries = 6;

async function sendOnce(url: string, init: RequestInit): Promise<Answer> {
  try {
    const answer = await fetch(url, { ...init, signal: AbortSignal.timeout(35_000) });
    const text = await answer.text();
    const isJson = answer.headers.get("content-type")?.includes("json") && text !== "";
    return { status: answer.status, body: isJson ? JSON.parse(text) : text };
  } catch {
    return { status: 0, body: undefined };
  }
}

/** Makes the ways to send; those that are under way are counted, so that everybody can be asked to stand still. */
export function createCallers(holdfast: Holdfast, tally: Tally) {
  const state = { underWay: 0, isPaused: false };

  async function send(init: RequestInit, path: string): Promise<Answer> {
    for (let attempt = 1; ; attempt += 1) {
      while (state.isPaused) await sleep(50);
      state.underWay += 1;
      const answer = await sendOnce(`${holdfast.url}${path}`, init).finally(
        () => (state.underWay -= 1),
      );
      const saysNothing = answer.status === 0 || answer.status >= 500;
      if (!saysNothing || attempt === mostTries) return answer;
      tally.count("repetitions");
      await sleep(50 * 2 ** attempt);
    }
  }

  return {
    /** Whoever this is sends by what comes back. */
    async as(userId: string, groups: string[] = []): Promise<Send> {
      const token = await holdfast.token(userId, groups);
      return (route, body, key = crypto.randomUUID()) => {
        const [method = "GET", path = "/"] = route.split(" ");
        const headers = {
          authorization: `Bearer ${token}`,
          "content-type": "application/json",
          "idempotency-key": key,
        };
        const init = { method, headers, ...(body !== undefined && { body: JSON.stringify(body) }) };
        return send(init, path);
      };
    },

    /** Nobody sends anything while this works, and nothing that was sent is under way. */
    async whileStill<T>(work: () => Promise<T>): Promise<T> {
      state.isPaused = true;
      try {
        while (state.underWay > 0) await sleep(20);
        return await work();
      } finally {
        state.isPaused = false;
      }
    },
  };
}

/** See `createCallers`. */
export type Callers = ReturnType<typeof createCallers>;
