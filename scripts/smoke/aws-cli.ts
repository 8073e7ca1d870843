/** Calls AWS by its own command line, which whoever follows docs/go-live.md has: no SDK of three more services. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Missing } from "./missing.ts";

/** Calls an operation with its input and gives its output. */
export type CallAws = <Output>(
  service: string,
  operation: string,
  input: Readonly<Record<string, unknown>>,
) => Promise<Output>;

function run(parameters: readonly string[]): Promise<string> {
  return new Promise((settle, fail) => {
    const child = spawn("aws", parameters, { stdio: ["ignore", "pipe", "pipe"] });
    let [out, problem] = ["", ""];
    child.stdout.setEncoding("utf8").on("data", (text: string) => (out += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (problem += text));
    child.once("error", () =>
      fail(new Missing("There is no AWS command line: https://aws.amazon.com/cli")),
    );
    child.once("close", (code) => {
      if (code === 0) settle(out);
      else fail(new Error(`aws ${parameters.slice(0, 2).join(" ")}: ${problem.trim()}`));
    });
  });
}

/**
 * Calls AWS with the credentials and the region that the command line finds by itself. The input goes by a file that
 * only its owner reads: what stands on a command line, others can see.
 *
 * @throws Missing where there is no command line; Error with what AWS said
 */
export const callAws: CallAws = async <Output>(
  service: string,
  operation: string,
  input: Readonly<Record<string, unknown>>,
) => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-smoke-"));
  try {
    const file = join(folder, "input.json");
    writeFileSync(file, JSON.stringify(input), { mode: 0o600 });
    const given = ["--cli-input-json", `file://${file}`];
    const text = await run([service, operation, ...given, "--output", "json", "--no-cli-pager"]);
    return (text.trim() === "" ? {} : JSON.parse(text)) as Output;
  } finally {
    rmSync(folder, { recursive: true });
  }
};
