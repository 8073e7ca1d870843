/** Reads a provider's keys from Secrets Manager: cached for a while, two versions during a rotation. */
import type { SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { KeyReader, ProviderKeys } from "../../shared/providers/provider.ts";

type Client = Pick<SecretsManagerClient, "send">;

/** A rotation is noticed within this time; until then the version before it is still valid. */
const lifetimeMs = 5 * 60_000;

let shared: SecretsManagerClient | undefined;

/** Read when keys are first asked for: most requests ask for none. */
const readSdk = () => import("@aws-sdk/client-secrets-manager");

/** Undefined where it is no JSON: a parser's error quotes what it could not read. */
function parsed(text: string): ProviderKeys | undefined {
  try {
    return JSON.parse(text) as ProviderKeys;
  } catch {
    return undefined;
  }
}

/** One version of a secret, and since when there is one. */
interface Version {
  readonly keys: ProviderKeys;
  readonly createdAtMs: number;
}

async function fetchVersion(
  client: Client,
  secretName: string,
  stage: string,
): Promise<Version | undefined> {
  const { GetSecretValueCommand, ResourceNotFoundException } = await readSdk();
  const command = new GetSecretValueCommand({ SecretId: secretName, VersionStage: stage });
  try {
    const { SecretString, CreatedDate } = await client.send(command);
    const keys = SecretString === undefined ? undefined : parsed(SecretString);
    return keys && { keys, createdAtMs: CreatedDate?.getTime() ?? 0 };
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw new Error(`The secret ${secretName} could not be read`, { cause: error });
  }
}

/**
 * A reader of one secret. Reads both versions at once, and again when its lifetime is over. The version before is
 * handed out for `overlapMs` from the instant at which the present one was made, to the millisecond, and never after.
 */
export function createKeyReader(
  secretName: string,
  options: { client?: Client; now?: () => number; overlapMs: number },
): KeyReader {
  const { now = Date.now, overlapMs } = options;
  let cached: { readonly readAtMs: number; readonly versions: ReturnType<typeof read> } | undefined;

  async function read() {
    const client = options.client ?? (shared ??= new (await readSdk()).SecretsManagerClient());
    const [current, previous] = await Promise.all([
      fetchVersion(client, secretName, "AWSCURRENT"),
      fetchVersion(client, secretName, "AWSPREVIOUS"),
    ]);
    if (!current) throw new Error(`The secret ${secretName} holds no keys`);
    return { current, previous };
  }

  return async () => {
    if (!cached || now() - cached.readAtMs >= lifetimeMs) {
      const versions = read();
      cached = { readAtMs: now(), versions };
      // A failed read is not remembered: the next request tries again.
      versions.catch(() => (cached = undefined));
    }
    const { current, previous } = await cached.versions;
    const isOver = now() >= current.createdAtMs + overlapMs;
    return previous && !isOver ? [current.keys, previous.keys] : [current.keys];
  };
}
