/** Puts the clock of a thread wrong, as one of a machine may be. */

/** From now on this thread's clock is ahead by so much, or behind where it is negative. */
export function shiftClock(offsetMs: number): void {
  const TrueDate = Date;
  const now = (): number => TrueDate.now() + offsetMs;
  globalThis.Date = new Proxy(TrueDate, {
    construct: (target, given, newTarget) =>
      Reflect.construct(target, given.length === 0 ? [now()] : given, newTarget) as object,
    apply: () => new TrueDate(now()).toString(),
    get: (target, name) => (name === "now" ? now : (Reflect.get(target, name) as unknown)),
  });
}
