/** What a laptop does to the timers of a page. */

/** A machine that can be put to sleep: its timers wait, and fire when it wakes. */
export function createMachine() {
  let asleep = false;
  const waiting = new Set();
  const page = new EventTarget();
  addEventListener("pagehide", () => page.dispatchEvent(new Event("pagehide")));
  for (const sign of ["visibilitychange", "pageshow", "focus", "online"]) {
    addEventListener(sign, () => asleep || page.dispatchEvent(new Event(sign)), true);
  }
  return {
    host: {
      setTimer: (run, delayMs) => setTimeout(() => (asleep ? waiting.add(run) : run()), delayMs),
      clearTimer: (timer) => clearTimeout(timer),
      page,
    },
    /** Pushes for editing sessions, for as long as the machine is awake. */
    onlyAwake: (live) => ({
      hearTurn: (docId, ticket) => live.hearTurn(docId, ticket),
      hearLock: (session) =>
        live.hearLock({
          docId: session.docId,
          get state() {
            return session.state;
          },
          check: async () => (asleep ? session.state : session.check()),
        }),
    }),
    get asleep() {
      return asleep;
    },
    set asleep(next) {
      asleep = next;
      if (asleep) return;
      page.dispatchEvent(new Event("resume"));
      waiting.clear();
    },
  };
}
