/** The trail has no holes: a change of any size is kept on the real engine, its largest values by their digests. */
import { createHash } from "node:crypto";
import { beforeAll, expect, inject, test } from "vitest";
import { createAuditService } from "../../shared/audit/audit-service.ts";
import { epochMs } from "../../shared/base/time.ts";
import { createLockWorld, type LockWorld } from "../support/lock-world.ts";

let world: LockWorld;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), () => epochMs(Date.now()));
});

const atMs = epochMs(1_800_000_000_000);
const note = { action: "cart.condition_set", actor: "alice", atMs };

async function kept(cartId: string, after: Record<string, unknown>) {
  const audit = createAuditService(world);
  const change = { eventId: cartId, sequence: "1", key: { cartId }, atMs, byTtl: false };
  expect(await audit.record({ ...change, after: { ...after, change: note } })).toHaveLength(1);
  const { rows } = await audit.list(`cart/${cartId}`, { limit: 1 });
  return rows[0]!;
}

test("a cart with 101 values of 4 KB is told by their digests", async () => {
  const value = (index: number): string => JSON.stringify(String(index).padEnd(4_000, "x"));
  const values = Array.from({ length: 101 }, (_, index) => [`condition:a:${index}`, value(index)]);
  const { steps, actor, action } = await kept("large", Object.fromEntries(values));
  expect({ actor, action }).toEqual({ actor: "alice", action: "cart.condition_set" });
  expect(steps).toHaveLength(101);
  expect(Buffer.byteLength(JSON.stringify(steps))).toBeLessThan(200_000);
  const told = steps.filter(({ value: is }) => String(is).startsWith("sha256:"));
  expect(told.length).toBeGreaterThan(60);
  const { path, value: digest } = told[0]!;
  const index = Number(path[0]!.split(":")[2]);
  const expected = createHash("sha256").update(value(index)).digest("hex");
  expect(digest).toBe(`sha256:${expected}`);
});

test("what fits is told as it is", async () => {
  const { steps } = await kept("small", { "condition:a:x": '"y"' });
  expect(steps).toContainEqual({ path: ["condition:a:x"], value: '"y"' });
});

test("a change of very many small values is told by one digest, never by nothing", async () => {
  const many = Array.from({ length: 9_000 }, (_, index) => [`condition:a:${index}`, "1"]);
  const { steps } = await kept("many", Object.fromEntries(many));
  expect(steps).toEqual([{ path: ["*"], value: expect.stringMatching(/^sha256:[0-9a-f]{64}$/) }]);
});
