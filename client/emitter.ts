/** Tells listeners what happened, each kind of event with its own data. */

/** Listens to one kind of event; what it returns stops that. */
export type Listen<Events> = <Kind extends keyof Events>(
  kind: Kind,
  listener: (data: Events[Kind]) => void,
) => () => void;

/** Listeners of some kinds of events, and what reaches them. */
export interface Emitter<Events> {
  readonly on: Listen<Events>;
  emit<Kind extends keyof Events>(kind: Kind, data: Events[Kind]): void;
}

/** Makes an emitter without listeners. */
export function createEmitter<Events>(): Emitter<Events> {
  const listeners = new Set<readonly [kind: keyof Events, listener: (data: never) => void]>();
  return {
    on(kind, listener) {
      const entry = [kind, listener] as const;
      listeners.add(entry);
      return () => void listeners.delete(entry);
    },
    emit(kind, data) {
      for (const [wanted, listener] of listeners) if (wanted === kind) listener(data as never);
    },
  };
}
