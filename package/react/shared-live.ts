/** One live connection for all components that use a client; it ends with the last of them. */
import type { Live, LiveDoor } from "../../client/live.ts";

interface Connection {
  readonly live: Promise<Live>;
  users: number;
}

const connections = new WeakMap<LiveDoor, Connection>();

function connect(client: LiveDoor): Connection {
  const live = import("../../client/live.ts").then(({ connectLive }) => connectLive(client));
  const made = { live, users: 0 };
  connections.set(client, made);
  // Its code could not be loaded: the next who wants it tries again.
  live.catch(() => connections.get(client) === made && connections.delete(client));
  return made;
}

/** Hears of a topic until what this returns is called, as `Live.follow`. */
export function followShared(client: LiveDoor, topic: string, listener: () => void): () => void {
  const connection = connections.get(client) ?? connect(client);
  connection.users += 1;
  let isOver = false;
  let stop: (() => void) | undefined;
  const follow = (live: Live): void => {
    if (!isOver) stop = live.follow(topic, () => listener());
  };
  connection.live.then(follow).catch(() => undefined);
  return () => {
    isOver = true;
    stop?.();
    connection.users -= 1;
    // Who comes in the same moment, as StrictMode's second mount does, goes on with it.
    queueMicrotask(() => {
      if (connection.users > 0 || connections.get(client) !== connection) return;
      connections.delete(client);
      connection.live.then((live) => live.close()).catch(() => undefined);
    });
  };
}
