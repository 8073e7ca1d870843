/** Keys from Secrets Manager: cached for a while, two versions, and never in an error. */
import { ResourceNotFoundException } from "@aws-sdk/client-secrets-manager";
import { describe, expect, it } from "vitest";
import { createKeyReader } from "../../../functions/runtime/provider-keys.ts";

type Versions = Record<string, string | Error | undefined>;

const overlapMs = 24 * 3_600_000;

function startSecrets(versions: Versions) {
  let reads = 0;
  let nowMs = 0;
  let createdAtMs = 0;
  const client = {
    async send({ input }: { input: { VersionStage?: string } }) {
      reads += 1;
      const value = versions[input.VersionStage ?? ""];
      if (value instanceof Error) throw value;
      if (value !== undefined) return { SecretString: value, CreatedDate: new Date(createdAtMs) };
      throw new ResourceNotFoundException({ message: "none", $metadata: {} });
    },
  };
  const read = createKeyReader("stripe", {
    client: client as never,
    now: () => nowMs,
    overlapMs,
  });
  return {
    read,
    countReads: () => reads,
    /** A new version is put in now. */
    rotate(value: string): void {
      const { AWSCURRENT: before } = versions;
      Object.assign(versions, { AWSCURRENT: text(value), AWSPREVIOUS: before });
      createdAtMs = nowMs;
    },
    advance: (durationMs: number) => {
      nowMs += durationMs;
    },
  };
}

const text = (webhookSecret: string): string => JSON.stringify({ webhookSecret });

describe("a provider's keys", () => {
  it("are read once for all who ask at the same time, and again after five minutes", async () => {
    const versions: Versions = { AWSCURRENT: text("one") };
    const secrets = startSecrets(versions);
    await Promise.all([secrets.read(), secrets.read(), secrets.read()]);
    expect(secrets.countReads()).toBe(2);
    versions["AWSCURRENT"] = text("two");
    versions["AWSPREVIOUS"] = text("one");
    secrets.advance(299_999);
    expect(await secrets.read()).toEqual([{ webhookSecret: "one" }]);
    secrets.advance(1);
    expect(await secrets.read()).toEqual([{ webhookSecret: "two" }, { webhookSecret: "one" }]);
  });

  it("of the version before end with their overlap, to the millisecond, cached or not", async () => {
    const secrets = startSecrets({ AWSCURRENT: text("one") });
    secrets.advance(3 * overlapMs);
    secrets.rotate("two");
    expect(await secrets.read()).toEqual([{ webhookSecret: "two" }, { webhookSecret: "one" }]);
    secrets.advance(overlapMs - 1);
    expect(await secrets.read()).toEqual([{ webhookSecret: "two" }, { webhookSecret: "one" }]);
    secrets.advance(1);
    const reads = secrets.countReads();
    expect(await secrets.read()).toEqual([{ webhookSecret: "two" }]);
    expect(secrets.countReads()).toBe(reads);
  });

  it("that could not be read are asked for again by the next one", async () => {
    const versions: Versions = { AWSCURRENT: new Error("throttled") };
    const secrets = startSecrets(versions);
    await expect(secrets.read()).rejects.toThrow("could not be read");
    versions["AWSCURRENT"] = text("one");
    expect(await secrets.read()).toEqual([{ webhookSecret: "one" }]);
  });

  it("that are no JSON are a fault that does not tell them", async () => {
    const secrets = startSecrets({ AWSCURRENT: "whsec_plain" });
    const error: Error = await secrets.read().then(
      () => new Error("read"),
      (failure) => failure,
    );
    expect(`${error.message} ${String(error.cause)} ${error.stack}`).not.toContain("whsec_plain");
  });
});
