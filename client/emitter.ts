/** Tells listeners what happened, each kind of event with its own data. */

/** Listens to one kind of event; what it returns stops that. A listener that throws harms nobody else. */
export type Listen<Events> = <Kind extends keyof Events>(
  kind: Kind,
  listener: (data: Events[Kind]) => void,
) => () => void;

/** Listeners of some kinds of events, and what reaches them. */
export interface Emitter<Events> {
  readonly on: Listen<Events>;
  emit<Kind extends keyof Events>(kind: Kind, data: Events[Kind]): void;
}

/** Where errors of listeners go: to the page's `error` event, or to the console where there is none. */
function report(error: unknown): void {
  // oxlint-disable-next-line no-console -- Node has nothing else, short of ending the process
  const { reportError = console.error } = globalThis as { reportError?: (error: unknown) => void };
  reportError(error);
}

/** Makes an emitter without listeners. */
export function createEmitter<Events>(): Emitter<Events> {
  const listeners = new Set<readonly [kind: keyof Events, listener: (data: never) => unknown]>();
  return {
    on(kind, listener) {
      const entry = [kind, listener] as const;
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    emit(kind, data) {
      // Called at once; what it throws, or rejects with later, stays with the listener.
      const tell = async (listener: (data: never) => unknown) => listener(data as never);
      for (const [wanted, listener] of Array.from(listeners)) {
        if (wanted === kind) tell(listener).catch(report);
      }
    },
  };
}
