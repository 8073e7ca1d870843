/** How connections come and go: each counts among its user's, and takes its rows along. */
import { epochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import { NoRoom, NotConnected } from "./live.ts";
import {
  closedWrite,
  droppedWrite,
  findConnection,
  type NewConnection,
  openWrite,
} from "./live-store.ts";
import { removeRows } from "./subscription-store.ts";

/** Making room for a connection meets others of the same user, who do the same; so often it is tried. */
const mostRounds = 3;

/** What is gone already need not be taken away. */
function passOver(error: unknown): void {
  if (!(error instanceof NotConnected)) throw error;
}

/** Makes what begins and ends connections; part of the live service. */
export function createConnecting(database: Database) {
  /** Everything of a connection goes, if there is anything; of an unknown one whatever is said to be left. */
  async function forget(connectionId: string, left: readonly string[] = []): Promise<void> {
    const connection = await findConnection(database, connectionId, epochMs(0));
    await removeRows(database, { connectionId, topics: connection?.topics ?? left });
    if (connection) await database.apply(closedWrite(connection)).catch(passOver);
  }

  /**
   * Counts a connection among its user's. Where there are as many as may be, the oldest makes room.
   *
   * @returns the connection that had to make room, if one had to
   * @throws NoRoom when others of the same user took the room again and again
   */
  async function makeRoom(connection: NewConnection): Promise<string | undefined> {
    let ended: string | undefined;
    for (let round = 1; ; round += 1) {
      try {
        await database.apply(openWrite(connection));
        return ended;
      } catch (error) {
        if (!(error instanceof NoRoom) || round > mostRounds) throw error;
        ended = error.oldest;
        await forget(ended);
        // Also where nothing else was left of it.
        await database.apply(droppedWrite(connection.listener.userId, error.entry));
      }
    }
  }

  return { forget, makeRoom };
}
