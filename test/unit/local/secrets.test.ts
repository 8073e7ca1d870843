/** Secrets made up as the template asks. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { createSecrets, generateSecret } from "../../../local/aws/secrets.ts";
import type { TemplateResolver } from "../../../local/assembly/template.ts";

const arn = "arn:aws:secretsmanager:local:000000000000:secret:Keys-local0";

const template: TemplateResolver = {
  resolve: <T>() => arn as T,
  resources: <T>() => [{ logicalId: "Keys", resource: { Type: "" }, properties: {} as T }],
};

test("a generated secret follows its rules", () => {
  const plain = generateSecret({ PasswordLength: 60, ExcludePunctuation: true });
  expect(plain).toMatch(/^[A-Za-z0-9]{60}$/u);
  expect(generateSecret({ ExcludeCharacters: "abc", PasswordLength: 500 })).not.toMatch(/[abc]/u);
  const structured = generateSecret({
    SecretStringTemplate: '{"user":"me"}',
    GenerateStringKey: "webhookSecret",
  });
  expect(JSON.parse(structured)).toEqual({
    user: "me",
    webhookSecret: expect.stringMatching(/^.{32}$/u) as string,
  });
});

test("a secret is found by name and ARN, in both of its versions", () => {
  const secrets = createSecrets(template);
  expect(secrets.read(arn, "AWSPREVIOUS")).toBeUndefined();
  secrets.set("Keys", { current: "new", previous: "old" });
  expect(secrets.read(arn, "AWSCURRENT")?.value).toBe("new");
  expect(secrets.read("Keys", "AWSPREVIOUS")?.value).toBe("old");
  expect(secrets.read("Other", "AWSCURRENT")).toBeUndefined();
});

test("a new value makes the one that was there the version before, and says since when", () => {
  let nowMs = 1_000;
  const secrets = createSecrets(template, undefined, () => nowMs);
  secrets.set("Keys", { current: "first" });
  nowMs = 5_000;
  secrets.set("Keys", { current: "second" });
  expect(secrets.read("Keys", "AWSCURRENT")).toMatchObject({ value: "second", createdAtMs: 5_000 });
  expect(secrets.read("Keys", "AWSPREVIOUS")?.value).toBe("first");
  secrets.set("Keys", { current: "second" });
  expect(secrets.read("Keys", "AWSPREVIOUS")?.value).toBe("second");
});

test("kept secrets survive a restart and are nobody else's to read", () => {
  const folder = mkdtempSync(join(tmpdir(), "holdfast-"));
  try {
    const file = join(folder, "secrets.json");
    const made = createSecrets(template, file).list();
    expect(createSecrets(template, file).list()).toEqual(made);
    expect(statSync(file).mode & 0o077).toBe(0);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
