/**
 * Keeps what failed in a file, so that `npm test` and `npm run test:full` can say it
 * again at the very end: a run in full is thousands of lines long, and of a log often only the end is kept.
 */
import { appendFileSync } from "node:fs";
import { relative } from "node:path";
import type { Reporter, SerializedError, TestModule } from "vitest/node";

/** An error's message begins with what matters; what follows may be a whole page of HTML. */
const LONGEST_MESSAGE = 1200;

function told(where: string, errors: readonly SerializedError[]): string {
  const messages = errors.map(({ message, stack }) => message || stack || "without a message");
  return `✗ ${where}\n  ${messages.join("\n").slice(0, LONGEST_MESSAGE).replaceAll("\n", "\n  ")}\n`;
}

function* failuresOf(module: TestModule): Generator<string> {
  const file = relative(process.cwd(), module.moduleId);
  const around = [module, ...module.children.allSuites()].flatMap((each) => each.errors());
  if (around.length > 0) yield told(file, around);
  for (const test of module.children.allTests("failed")) {
    yield told(`${file} > ${test.fullName}`, test.result().errors ?? []);
  }
}

export default class FailureList implements Reporter {
  readonly #file: string;

  constructor({ file }: { readonly file: string }) {
    this.#file = file;
  }

  onTestRunEnd(
    modules: readonly TestModule[],
    unhandled: readonly SerializedError[],
    reason: string,
  ): void {
    const failures = modules.flatMap((module) => [...failuresOf(module)]);
    if (unhandled.length > 0) failures.push(told("outside of any test", unhandled));
    if (failures.length === 0 && reason !== "passed") failures.push(`✗ the run was ${reason}\n`);
    appendFileSync(this.#file, failures.join(""));
  }
}
