/**
 * docs/go-live.md, gone through on paper: every command in it is run as it stands there, on a machine that is signed in
 * nowhere. What takes an account ends by saying so, and by saying nothing else; what is not ours has its shape looked at.
 */
import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { promisify } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { keys } from "../../infra/settings/definitions.ts";
import { drills } from "../../scripts/drill/drills.ts";
import { blocksOf, readPage } from "../support/docs/blocks.ts";
import { ownDomain } from "../support/contexts.ts";
import { synthesize } from "./synthesize.ts";

// Each command is a process of its own, on a machine that others use too.
vi.setConfig({ testTimeout: 120_000 });

const guide = readPage("docs/go-live.md");
const commands = blocksOf(guide)
  .filter(({ language }) => language === "sh")
  .flatMap(({ text }) => text.split("\n"))
  .map((line) => line.replace(/\s+#.*$/, "").trim())
  .filter(Boolean);

/** Whoever runs this has an account perhaps; nothing of it may be found. */
const nowhere = {
  PATH: process.env["PATH"],
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_EC2_METADATA_DISABLED: "true",
};

/** A command of ours as npm would start it, without npm's own lines. */
async function run(name: string, parameters: readonly string[]) {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  const [, ...start] = String(scripts[name]).split(" ");
  return promisify(execFile)(process.execPath, [...start, ...parameters], { env: nowhere }).then(
    ({ stdout, stderr }) => ({ code: 0, stdout, stderr }),
    (error: { code: number; stdout: string; stderr: string }) => error,
  );
}

interface Check {
  readonly matches: RegExp;
  /** @throws when the command is not what it should be */
  check(parameters: readonly string[], words: readonly string[]): Promise<void> | void;
}

/** What the command line of AWS takes, for each operation that we name. */
const awsOptions: Readonly<Record<string, readonly string[]>> = {
  "cognito-idp admin-create-user": ["--user-pool-id", "--username"],
  "cognito-idp admin-add-user-to-group": ["--user-pool-id", "--username", "--group-name"],
  "deploy list-deployments": ["--include-only-statuses", "--query", "--output"],
  "deploy stop-deployment": ["--auto-rollback-enabled", "--deployment-id"],
  "lambda list-versions-by-function": ["--function-name", "--query", "--output"],
  "lambda update-alias": ["--function-name", "--name", "--function-version", "--routing-config"],
};

/** How each kind of command is looked at; one that is of no kind here fails. */
const checks: readonly Check[] = [
  {
    matches: /^npm run deploy /,
    // Stage and settings are right, and an account is all that is missing: no region, so nothing was deployed.
    async check(parameters) {
      const { code, stderr } = await run("deploy", parameters);
      expect([code, stderr]).toEqual([
        1,
        "missing: No region is set: export AWS_REGION=eu-central-1, say\n",
      ]);
    },
  },
  {
    matches: /^npm run smoke /,
    async check(parameters) {
      const { code, stderr } = await run("smoke", parameters);
      expect([code, stderr]).toEqual([2, expect.stringMatching(/^missing: Nobody is signed in/)]);
    },
  },
  {
    // All of them take minutes: here it is seen that they would be found; one that is none is told what there is.
    matches: /^npm run drill /,
    async check(parameters) {
      expect(["all", ...drills.map(({ name }) => name)]).toContain(parameters[0]);
      const { code, stderr } = await run("drill", ["no-such-drill"]);
      expect([code, stderr]).toEqual([1, expect.stringContaining("npm run drill -- <name>|all")]);
    },
  },
  {
    matches: /^aws /,
    check(_, [, service, operation, ...rest]) {
      const options = rest.filter((word) => word.startsWith("--"));
      expect(options).toEqual(awsOptions[`${service} ${operation}`]);
    },
  },
];

const parametersOf = (command: string): string[] =>
  command.split(" -- ").slice(1).join(" -- ").split(" ");

describe("each command can be run as it stands in docs/go-live.md", () => {
  test("there are commands, and each is of a known kind", () => {
    expect(commands.length).toBeGreaterThan(6);
    const unknown = commands.filter(
      (command) => !checks.some(({ matches }) => matches.test(command)),
    );
    expect(unknown).toEqual([]);
    for (const { matches } of checks)
      expect(commands.some((each) => matches.test(each))).toBe(true);
  });

  test.concurrent.each(commands)("%s", async (command) => {
    const known = checks.find(({ matches }) => matches.test(command));
    await known?.check(parametersOf(command), command.split(" "));
  });

  test.concurrent("without a stage nothing is deployed", async () => {
    const { code, stderr } = await run("deploy", ["--check"]);
    const message = "missing: No stage was named: npm run deploy -- --stage NAME\n";
    expect([code, stderr]).toEqual([1, message]);
  });
});

// Made here and not in its test: a synthesis is slow on a busy machine.
const outputs = synthesize({
  ...ownDomain,
  signInPrefix: "shop",
  callbackUrls: "https://shop.example.com/in",
}).findOutputs("*");

test("what it tells to run, set and look at elsewhere in its text exists", () => {
  const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
  for (const [, name] of guide.matchAll(/npm run ([a-z-]+)/g))
    expect(scripts).toHaveProperty(name!);
  const settings = [...guide.matchAll(/(?:-c |`)([A-Za-z]+)=/g)].map(([, key]) => key);
  expect(settings.length).toBeGreaterThan(5);
  expect(settings.filter((key) => !keys.includes(key!))).toEqual([]);
  const [, section = ""] = /## Outputs(.*?)## /s.exec(guide) ?? [];
  const named = [...section.matchAll(/`([A-Z][A-Za-z]+)`/g)].map(([, name]) => name!);
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((name) => !(name in outputs))).toEqual([]);
});
