/** The processes that serve a workload's requests: a few that live long, replaced when one stops. */
import { findDeployment } from "../releases/deployed.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { LayoutUnknown } from "../../../shared/table/layout.ts";
import type { Ending, World } from "../scheduler/world.ts";
import { InvariantBroken } from "../scheduler/world.ts";
import type { System } from "./system.ts";

/** Errors that tell the client nothing about what happened; only lost answers, lost time and later releases cause them. */
function isUnknownOutcome(error: unknown): boolean {
  if (error instanceof LayoutUnknown) return true;
  return error instanceof Error && /^(No answer from DynamoDB|Done in part)/.test(error.message);
}

/** What came of a request, as its client sees it. */
export type Answer<T> =
  | { readonly kind: "done"; readonly value: T }
  | { readonly kind: "refused"; readonly error: HoldfastError }
  | { readonly kind: "unknown" };

export class Processes {
  readonly #world: World;
  readonly #make: () => System;
  readonly #systems: System[];

  constructor(world: World, count: number, make: () => System) {
    this.#world = world;
    this.#make = make;
    this.#systems = Array.from({ length: count }, make);
  }

  /** One request, served by one of the processes. */
  async request<T>(label: string, work: (system: System) => Promise<T>): Promise<Answer<T>> {
    const slot = this.#world.random.int(0, this.#systems.length - 1);
    const started = this.#systems[slot]!;
    const system = findDeployment(this.#world)?.pick(started) ?? started;
    const ending = await this.#world.invoke(label, system.process, () => work(system));
    if (ending.kind === "stopped" && this.#systems[slot] === started) {
      this.#systems[slot] = this.#make();
    }
    return this.#answerOf(label, ending);
  }

  /**
   * The same request again and again, until somebody answers it. A last "try again" says what that
   * attempt did; what an earlier one has done stays unknown.
   */
  async insist<T>(
    label: string,
    work: (system: System) => Promise<T>,
    { attempts = 8, pauseMs = 3_000 } = {},
  ): Promise<Answer<T>> {
    let isOpen = false;
    for (let attempt = 1; ; attempt += 1) {
      const answer = await this.request(label, work);
      const isFinal =
        answer.kind === "done" ||
        (answer.kind === "refused" &&
          answer.error.code !== "TRY_AGAIN" &&
          answer.error.code !== "PAYMENT_PROVIDER_ERROR");
      if (isFinal) return answer;
      isOpen ||= answer.kind === "unknown" || answer.error.code !== "TRY_AGAIN";
      if (attempt === attempts) return isOpen ? { kind: "unknown" } : answer;
      await this.#world.sleep(this.#world.random.int(1, pauseMs));
    }
  }

  #answerOf<T>(label: string, ending: Ending<T>): Answer<T> {
    if (ending.kind === "done") return { kind: "done", value: ending.value };
    if (ending.kind === "stopped") return { kind: "unknown" };
    const { error } = ending;
    if (error instanceof InvariantBroken) throw error;
    if (error instanceof HoldfastError) return { kind: "refused", error };
    if (isUnknownOutcome(error)) return { kind: "unknown" };
    throw new InvariantBroken("X3", `${label} failed with a fault: ${(error as Error).stack}`);
  }
}
