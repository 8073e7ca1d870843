/** Reads a provider's keys from Secrets Manager: cached for a while, two versions during a rotation. */
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from "@aws-sdk/client-secrets-manager";
import type { KeyReader, ProviderKeys } from "../../shared/providers/provider.ts";

type Client = Pick<SecretsManagerClient, "send">;

/** A rotation is noticed within this time; until then the version before it is still valid. */
const lifetimeMs = 5 * 60_000;

let shared: SecretsManagerClient | undefined;

/** Undefined where it is no JSON: a parser's error quotes what it could not read. */
function parsed(text: string): ProviderKeys | undefined {
  try {
    return JSON.parse(text) as ProviderKeys;
  } catch {
    return undefined;
  }
}

async function fetchVersion(
  client: Client,
  secretName: string,
  stage: string,
): Promise<ProviderKeys | undefined> {
  const command = new GetSecretValueCommand({ SecretId: secretName, VersionStage: stage });
  try {
    const { SecretString } = await client.send(command);
    return SecretString === undefined ? undefined : parsed(SecretString);
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw new Error(`The secret ${secretName} could not be read`, { cause: error });
  }
}

/** A reader of one secret. Reads both versions at once, and again when its lifetime is over. */
export function createKeyReader(
  secretName: string,
  options: { client?: Client; now?: () => number } = {},
): KeyReader {
  const { now = Date.now } = options;
  let cached: { readonly readAtMs: number; readonly keys: ReturnType<KeyReader> } | undefined;

  async function read(): ReturnType<KeyReader> {
    const client = options.client ?? (shared ??= new SecretsManagerClient());
    const [current, previous] = await Promise.all([
      fetchVersion(client, secretName, "AWSCURRENT"),
      fetchVersion(client, secretName, "AWSPREVIOUS"),
    ]);
    if (!current) throw new Error(`The secret ${secretName} holds no keys`);
    return previous ? [current, previous] : [current];
  }

  return () => {
    if (!cached || now() - cached.readAtMs >= lifetimeMs) {
      const keys = read();
      cached = { readAtMs: now(), keys };
      // A failed read is not remembered: the next request tries again.
      keys.catch(() => (cached = undefined));
    }
    return cached.keys;
  };
}
