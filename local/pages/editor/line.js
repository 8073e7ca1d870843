/** Waiting in line for a document's lock: what the buttons of somebody who waits do. */

/** Nobody waits for longer than this at a page. */
const longestWaitMs = 30 * 60_000;

/** Standing in line, asking whoever edits to let go, and leaving; `begin` takes one's turn. */
export function createLine({ state, client, live, text, name, log, show, begin, docId }) {
  /** Waits for one's turn, unless it is left before; what is granted all the same is given back. */
  async function takeTurn(leaving) {
    const onPlace = (place) => {
      if (state.waiting) state.waiting.place = place;
      state.lock = place.lockInfo;
      show();
    };
    const options = { ttl: state.leaseMs / 1_000, username: name, live, onPlace };
    const turn = { waitMs: longestWaitMs, signal: leaving.signal };
    try {
      const session = await client.documents.edit(docId(), { ...options, ...turn });
      log("it is my turn", "", "told");
      begin(session, text.value);
    } catch (error) {
      if (!leaving.signal.aborted) log(error.message, error.code, "refused");
    } finally {
      state.waiting = undefined;
      show();
    }
  }

  /** Stands in line; the page goes on meanwhile. */
  async function waitInLine() {
    const leaving = new AbortController();
    state.waiting = { leave: () => leaving.abort(), place: undefined };
    void takeTurn(leaving);
  }

  function leaveLine() {
    state.waiting?.leave();
  }

  async function askToLetGo() {
    const { ticket } = state.waiting?.place ?? {};
    if (ticket === undefined) return;
    await client.askForLock({ body: { docId: docId(), ticket } });
    state.waiting.hasAsked = true;
  }

  return { waitInLine, leaveLine, askToLetGo };
}
