/** What a long run is at, while it runs: in place on a terminal, in a line every ten seconds elsewhere. */
import { MultiBar } from "cli-progress";
import { Pace } from "./pace.ts";

/** Where it is shown; standard error is one. */
type Shown = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** One part of a run that is under way. */
export interface Part {
  /** So many more are done; a note stands behind the numbers until another one does. */
  advance(count: number, note?: string): void;
}

/** How often a part is told of, in milliseconds. */
const onTerminalMs = 1_000;
const elsewhereMs = 10_000;

/** Shows the parts of a run. To be stopped at the end, and before anything else is written. */
export class Live {
  readonly #stream: Shown;
  readonly #bars: MultiBar | undefined;
  readonly #timers: NodeJS.Timeout[] = [];

  constructor(stream: Shown) {
    this.#stream = stream;
    if (!stream.isTTY) return;
    this.#bars = new MultiBar({
      stream,
      format: "{name} {bar} {value}/{total} {told}",
      barsize: 20,
      hideCursor: true,
    });
  }

  /** Begins a part of `total`, of which `done` were done by an earlier run. */
  begin(name: string, total: number, done = 0): Part {
    const pace = new Pace(total, done, Date.now());
    let value = done;
    let note = "";
    const describe = (): string =>
      [pace.describe(value, Date.now()), note].filter(Boolean).join(", ");
    const show = this.#createShow(name, total, done);
    const tell = (): void => show(value, describe());
    const timer = setInterval(tell, this.#bars ? onTerminalMs : elsewhereMs);
    this.#timers.push(timer);
    return {
      advance: (count, told = note) => {
        value += count;
        note = told;
        if (value < total) return;
        clearInterval(timer);
        tell();
      },
    };
  }

  #createShow(name: string, total: number, done: number): (value: number, told: string) => void {
    if (this.#bars) {
      const bar = this.#bars.create(total, done, { name: name.padEnd(16), told: "" });
      return (value, told) => bar.update(value, { told });
    }
    let last = -1;
    return (value, told) => {
      // Where nothing has moved there is nothing to say.
      if (value !== last) this.#stream.write(`${name} ${value}/${total} ${told}`.trimEnd() + "\n");
      last = value;
    };
  }

  /** Says something that stays, above what goes on. */
  say(text: string): void {
    if (this.#bars) this.#bars.log(`${text}\n`);
    else this.#stream.write(`${text}\n`);
  }

  /** Leaves the last state of all parts, and the cursor where it may write on. */
  stop(): void {
    for (const timer of this.#timers.splice(0)) clearInterval(timer);
    this.#bars?.stop();
  }
}
