/**
 * Every order in which the requests of a few processes can happen, as far as the order can matter: stateless exploration
 * with dynamic partial-order reduction. Of runs that differ only in the order of independent requests one is made.
 *
 * Source sets and sleep sets are those of Abdulla, Aronis, Jonsson and Sagonas, "Optimal Dynamic Partial Order Reduction"
 * (POPL 2014), algorithm 1: no order is left out, and few are tried twice.
 */
import type { Conductor, HeldStep } from "../scheduler/world.ts";
import { areDependent, type Footprint, footprintOf } from "./footprint.ts";

/** A step that waits for its turn; `past` are the places, in this run, of the steps that led to it. */
interface Waiting {
  readonly id: string;
  readonly actor: string;
  readonly past: ReadonlySet<number>;
  readonly held: HeldStep;
}

/** A step that was done. */
interface Done {
  readonly id: string;
  readonly held: HeldStep;
  readonly past: ReadonlySet<number>;
  readonly footprint: Footprint;
}

/** A point where the explorer chose, and what is still to be tried there. */
interface Choice {
  chosen: string;
  readonly todo: Set<string>;
  readonly tried: Map<string, Footprint>;
  /** What need not be tried here: another run has had it first. */
  readonly asleep: ReadonlyMap<string, Footprint>;
}

/** This run would only repeat another one. */
export class Repetition extends Error {}

/** The choices of the run before, and where the next one differs. */
export class Explorer {
  readonly choices: Choice[] = [];

  /** A conductor for the next run; `leads` says by their labels whose steps are ordered. */
  conduct(labels: readonly string[]): Run {
    return new Run(this.choices, labels);
  }

  /** Turns to the next order after a run; false when all were tried. */
  advance(run: Run): boolean {
    const { choices } = this;
    for (const [depth, choice] of choices.entries()) {
      const done = run.done[depth];
      if (done) choice.tried.set(done.id, done.footprint);
    }
    for (let choice = choices.at(-1); choice; choice = choices.at(-1)) {
      const { todo, tried, asleep } = choice;
      const next = [...todo].find((id) => !tried.has(id) && !asleep.has(id));
      if (next !== undefined) {
        choice.chosen = next;
        return true;
      }
      choices.pop();
    }
    return false;
  }
}

/** One run: follows the choices that were made, and makes those that are new. */
export class Run implements Conductor {
  readonly done: Done[] = [];
  readonly #choices: Choice[];
  readonly #labels: readonly string[];
  readonly #waiting = new Map<string, Waiting>();
  readonly #known = new Map<string, Set<number>>();
  readonly #issued = new Map<string, number>();

  constructor(choices: Choice[], labels: readonly string[]) {
    this.#choices = choices;
    this.#labels = labels;
  }

  leads({ label }: { readonly label: string }): boolean {
    return this.#labels.includes(label);
  }

  hold(held: HeldStep): void {
    const actor = held.invocation.label;
    const number = (this.#issued.get(actor) ?? 0) + 1;
    this.#issued.set(actor, number);
    const id = `${actor}:${number}`;
    this.#waiting.set(id, { id, actor, held, past: new Set(this.#known.get(actor)) });
  }

  next(): boolean {
    if (this.#waiting.size === 0) return false;
    const depth = this.done.length;
    this.#choices[depth] ??= this.#choose(depth);
    const { chosen } = this.#choices[depth]!;
    const step = this.#waiting.get(chosen);
    if (!step) throw new Error(`Not the same run again: ${chosen} is not waiting`);
    this.#waiting.delete(chosen);
    const isDone = step.held.run();
    this.#note(step, footprintOf(step.held, isDone));
    return true;
  }

  #choose(depth: number): Choice {
    const asleep = this.#asleepAt(depth);
    const awake = [...this.#waiting.values()].filter(({ id }) => !asleep.has(id));
    // Who was at work goes on: the first run is one after the other.
    const last = this.done.at(-1)?.id.split(":")[0];
    const chosen = (awake.find(({ actor }) => actor === last) ?? awake[0])?.id;
    if (chosen === undefined) throw new Repetition();
    return { chosen, todo: new Set([chosen]), tried: new Map(), asleep };
  }

  /** What was tried, or asleep, one choice before stays asleep until something happens that it depends on. */
  #asleepAt(depth: number): Map<string, Footprint> {
    const before = this.#choices[depth - 1];
    if (!before) return new Map();
    const { footprint } = this.done[depth - 1]!;
    return new Map(
      [...before.asleep, ...before.tried].filter(
        ([id, other]) => id !== before.chosen && !areDependent(footprint, other),
      ),
    );
  }

  /** Notes a step, and every earlier one with which it races: there the two have to be tried the other way round. */
  #note({ id, actor, held, past: led }: Waiting, footprint: Footprint): void {
    const past = new Set(led);
    const step = { id, held, past, footprint };
    for (let index = this.done.length - 1; index >= 0; index -= 1) {
      const other = this.done[index]!;
      if (past.has(index) || !areDependent(footprint, other.footprint)) continue;
      this.#tryReversed(index, step);
      past.add(index);
      for (const each of other.past) past.add(each);
    }
    const place = this.done.push(step) - 1;
    if (held.isLate) return;
    this.#known.set(actor, new Set([...(this.#known.get(actor) ?? []), ...past, place]));
  }

  #tryReversed(index: number, step: Done): void {
    // What does not follow from the earlier one, and then the step itself: one of its beginnings has to be tried instead.
    const others = this.done
      .map((done, place) => ({ done, place }))
      .filter(({ done, place }) => place > index && !done.past.has(index));
    const places = new Set(others.map(({ place }) => place));
    const begins = ({ past }: Done): boolean => ![...past].some((each) => places.has(each));
    const beginnings = [...others.map(({ done }) => done), step].filter(begins);
    const { todo } = this.#choices[index]!;
    if (!beginnings.some(({ id }) => todo.has(id))) todo.add(beginnings[0]!.id);
  }
}
