/** `useLive`: what the server says of something, read again whenever it may have changed. */
import { useEffect, useRef, useState } from "react";
import type { LiveDoor } from "../../client/live.ts";
import { followShared } from "./shared-live.ts";

/** What was read, as of the last answer. */
export interface LiveValue<Value> {
  /** Undefined before the first answer. */
  readonly value: Value | undefined;
  /** Why the last reading failed; the value before it stays. */
  readonly error: unknown;
  /** Reads again now. */
  refresh(): void;
}

/** Reads one after the other: what is asked for while one is on its way is asked for once, behind it. */
function readInTurn(read: () => Promise<void>): { ask(): void; end(): void } {
  let isReading = false;
  let isWanted = false;
  const go = async (): Promise<void> => {
    isReading = true;
    // StrictMode's first mount is over by then.
    await Promise.resolve();
    while (isWanted) {
      isWanted = false;
      await read();
    }
    isReading = false;
  };
  return {
    ask() {
      isWanted = true;
      if (!isReading) void go();
    },
    end() {
      isWanted = false;
    },
  };
}

/**
 * Reads at once, and again whenever the topic tells that something happened or may have been missed; `null` reads nothing.
 * All components of a client share one connection, which ends with the last of them.
 *
 * @example
 * const { value: chair } = useLive(client, "item/chair", () => client.getItem({ params: { itemId: "chair" } }));
 */
export function useLive<Value>(
  client: LiveDoor,
  topic: string | null,
  read: () => Promise<Value>,
): LiveValue<Value> {
  const [shown, setShown] = useState<{
    readonly topic: string | null;
    readonly value?: Value;
    readonly error: unknown;
  }>({ topic, error: null });
  const latest = useRef(read);
  useEffect(() => {
    latest.current = read;
  });
  const asking = useRef<() => void>(() => undefined);
  useEffect(() => {
    if (topic === null) return undefined;
    let isOver = false;
    const readings = readInTurn(async () => {
      try {
        const value = await latest.current();
        if (!isOver) setShown({ topic, value, error: null });
      } catch (error) {
        // What another topic said is not shown as this one's.
        if (!isOver)
          setShown((old) => (old.topic === topic ? { ...old, error } : { topic, error }));
      }
    });
    asking.current = readings.ask;
    readings.ask();
    const stop = followShared(client, topic, readings.ask);
    return () => {
      isOver = true;
      readings.end();
      stop();
      asking.current = () => undefined;
    };
  }, [client, topic]);
  const isCurrent = shown.topic === topic;
  return {
    value: isCurrent ? shown.value : undefined,
    error: isCurrent ? shown.error : null,
    refresh: () => asking.current(),
  };
}
