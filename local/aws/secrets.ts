/** Stands in for Secrets Manager: values made up as the template asks, and two stages, as during a rotation. */
import { randomInt } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import type { TemplateResolver } from "../assembly/template.ts";

interface SecretProperties {
  readonly SecretString?: string;
  readonly GenerateSecretString?: {
    PasswordLength?: number;
    ExcludeCharacters?: string;
    ExcludePunctuation?: boolean;
    ExcludeNumbers?: boolean;
    ExcludeLowercase?: boolean;
    ExcludeUppercase?: boolean;
    IncludeSpace?: boolean;
    SecretStringTemplate?: string;
    GenerateStringKey?: string;
  };
}

/** The two versions that a secret can have at a time. */
export interface SecretVersions {
  readonly current: string;
  readonly previous?: string;
  /** Since when the current one is there: for so long the one before has been on its way out. */
  readonly createdAtMs?: number;
}

/** The secrets of the template. */
export interface Secrets {
  /** Answers GetSecretValue; undefined when there is no such secret or version. */
  read(
    id: string,
    stage: string,
  ): { arn: string; name: string; value: string; createdAtMs: number } | undefined;
  /** The ARN under which permissions know the secret. */
  findArn(id: string): string;
  /**
   * Sets what a secret holds; unless told otherwise, what it held becomes the version before, as in Secrets Manager.
   * Returns false when there is no such secret.
   */
  set(id: string, versions: SecretVersions): boolean;
  list(): Record<string, SecretVersions>;
}

const CHARACTERS = {
  lower: "abcdefghijklmnopqrstuvwxyz",
  upper: "ABCDEFGHIJKLMNOPQRSTUVWXYZ",
  numbers: "0123456789",
  punctuation: "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~",
};

/** Makes a value up by the rules of `GenerateSecretString`. */
export function generateSecret(rules: SecretProperties["GenerateSecretString"] = {}): string {
  const alphabet = [
    rules.ExcludeLowercase ? "" : CHARACTERS.lower,
    rules.ExcludeUppercase ? "" : CHARACTERS.upper,
    rules.ExcludeNumbers ? "" : CHARACTERS.numbers,
    rules.ExcludePunctuation ? "" : CHARACTERS.punctuation,
    rules.IncludeSpace ? " " : "",
  ]
    .join("")
    .split("")
    .filter((character) => !rules.ExcludeCharacters?.includes(character));
  const password = Array.from(
    { length: rules.PasswordLength ?? 32 },
    () => alphabet[randomInt(alphabet.length)],
  ).join("");
  if (!rules.SecretStringTemplate || !rules.GenerateStringKey) return password;
  const template = JSON.parse(rules.SecretStringTemplate) as Record<string, unknown>;
  return JSON.stringify({ ...template, [rules.GenerateStringKey]: password });
}

function readKept(file: string | undefined): Record<string, SecretVersions> {
  if (!file || !existsSync(file)) return {};
  return JSON.parse(readFileSync(file, "utf8")) as Record<string, SecretVersions>;
}

/** `arn:…:secret:name-xxxxxx` and a plain name both name a secret. */
function nameIn(id: string): string {
  return id.startsWith("arn:")
    ? id
        .split(":")
        .slice(6)
        .join(":")
        .replace(/-[^-]{6}$/u, "")
    : id;
}

/** Makes the secrets of the template. With a file they are kept there, readable by its owner only. */
export function createSecrets(
  template: TemplateResolver,
  file?: string,
  now: () => number = Date.now,
): Secrets {
  const kept = readKept(file);
  const secrets = new Map<string, { arn: string; versions: SecretVersions }>();
  for (const declared of template.resources<SecretProperties>("AWS::SecretsManager::Secret")) {
    const { logicalId, properties } = declared;
    const arn = template.resolve<string>({ Ref: logicalId });
    const name = nameIn(arn);
    const made = properties.SecretString ?? generateSecret(properties.GenerateSecretString);
    secrets.set(name, { arn, versions: kept[name] ?? { current: made, createdAtMs: now() } });
  }

  const list = () =>
    Object.fromEntries([...secrets].map(([name, { versions }]) => [name, versions]));
  function keep() {
    if (!file) return;
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, JSON.stringify(list(), undefined, 2), { mode: 0o600 });
  }
  keep();

  const find = (id: string) => secrets.get(nameIn(id)) ?? secrets.get(id);
  return {
    read(id, stage) {
      const secret = find(id);
      const value = stage === "AWSPREVIOUS" ? secret?.versions.previous : secret?.versions.current;
      return secret && value !== undefined
        ? {
            arn: secret.arn,
            name: nameIn(secret.arn),
            value,
            createdAtMs: secret.versions.createdAtMs ?? 0,
          }
        : undefined;
    },
    findArn: (id) => find(id)?.arn ?? id,
    set(id, versions) {
      const secret = find(id);
      if (secret) {
        const { current: previous } = secret.versions;
        secret.versions = { previous, createdAtMs: now(), ...versions };
        keep();
      }
      return secret !== undefined;
    },
    list,
  };
}
