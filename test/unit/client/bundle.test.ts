/** The client as it is delivered: small, without dependencies, and up to date with the contract. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { operationsSource } from "../../../client/generate-operations.ts";
import { createClient } from "../../../client/index.ts";
import { operations } from "../../../client/operations.ts";
import { endpoints } from "../../../shared/api/index.ts";

async function bundle() {
  const entryPoints = ["client/index.ts"];
  const options = { bundle: true, minify: true, write: false, metafile: true } as const;
  return build({ ...options, entryPoints, format: "esm", target: "es2022" });
}

test("the bundle has less than 6 KB, minified and gzipped, and nothing in it but the client", async () => {
  const { outputFiles, metafile } = await bundle();
  const bytes = gzipSync(outputFiles[0]!.contents, { level: 9 }).length;
  expect(bytes).toBeLessThan(6 * 1024);
  const foreign = Object.keys(metafile.inputs).filter((path) => !path.startsWith("client/"));
  expect(foreign).toEqual([]);
});

test("every route of the contract is an operation (else: node client/generate-operations.ts)", () => {
  expect(readFileSync("client/operations.ts", "utf8")).toBe(operationsSource());
  const client = createClient({ baseUrl: "http://localhost" });
  const names = endpoints.map(({ name }) => name);
  expect(Object.keys(operations).toSorted()).toEqual(names.toSorted());
  for (const name of names) expect(client).toHaveProperty(name);
});

test("an operation may be repeated as it is, with a key, or not at all", () => {
  expect(operations.placeOrder[2]).toBe("key");
  expect(operations.saveDocument[2]).toBe("key");
  expect(operations.adjustStock[2]).toBe("safe");
  expect(operations.getItem[2]).toBe("safe");
  expect(operations.acquireLock[2]).toBe("safe");
  expect(operations.extendLock[2]).toBe("safe");
  expect(operations.releaseLock[2]).toBe("key");
  expect(operations.forceReleaseLock[2]).toBe("key");
  expect(operations.removeCartItem[2]).not.toBe("safe");
  expect(operations.addCartItem[2]).toBe("no");
});
