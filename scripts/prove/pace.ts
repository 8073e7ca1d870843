/** How fast something long goes, and for how much longer: for whoever waits for it. */

function writeDuration(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 100) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

function writeRate(perSecond: number): string {
  if (perSecond >= 1) return `${perSecond.toFixed(perSecond < 10 ? 1 : 0)} a second`;
  return `${(60 * perSecond).toFixed(1)} a minute`;
}

/** Reckons from what was done since it was made: what an earlier run had done says nothing of this one's pace. */
export class Pace {
  readonly #total: number;
  readonly #doneBefore: number;
  readonly #beganAtMs: number;

  constructor(total: number, doneBefore: number, nowMs: number) {
    this.#total = total;
    this.#doneBefore = doneBefore;
    this.#beganAtMs = nowMs;
  }

  /** Rate and time left, such as "12 a second, 4 min left"; empty while there is nothing to reckon from. */
  describe(done: number, nowMs: number): string {
    const elapsedMs = nowMs - this.#beganAtMs;
    const fresh = done - this.#doneBefore;
    if (fresh <= 0 || elapsedMs <= 0) return "";
    const rate = writeRate((1_000 * fresh) / elapsedMs);
    const left = this.#total - done;
    if (left <= 0) return `${rate}, took ${writeDuration(elapsedMs)}`;
    return `${rate}, ${writeDuration((elapsedMs * left) / fresh)} left`;
  }
}
