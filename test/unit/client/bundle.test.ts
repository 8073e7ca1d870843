/** The client as it is delivered: small, without dependencies, and up to date with the contract. */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { expect, test } from "vitest";
import { operationsSource } from "../../../client/generate-operations.ts";
import { createClient } from "../../../client/index.ts";
import type { OperationName } from "../../../client/contract.ts";
import { operations } from "../../../client/operations.ts";
import { parseOperation } from "../../../client/request.ts";
import { endpoints } from "../../../shared/api/index.ts";

async function bundle(entry = "client/index.ts") {
  const entryPoints = [entry];
  const options = { bundle: true, minify: true, write: false, metafile: true } as const;
  const split = { format: "esm", target: "es2022", splitting: true, outdir: "out" } as const;
  return build({ ...options, ...split, entryPoints });
}

const bytesOf = ({ contents }: { contents: Uint8Array }) => gzipSync(contents, { level: 9 }).length;

test("the bundle has less than 6 KB, minified and gzipped, and nothing in it but the client", async () => {
  const { outputFiles, metafile } = await bundle();
  // What is loaded only where it is asked for is a file of its own: a session's rest, a webhook's signature.
  const isLater = ({ path }: { path: string }) => /\/(?:idle|verify-event)-/.test(path);
  const first = outputFiles.filter((file) => !isLater(file));
  expect(first.reduce((sum, file) => sum + bytesOf(file), 0)).toBeLessThan(6 * 1024);
  const later = outputFiles.filter(isLater).map(bytesOf);
  expect(later).toHaveLength(2);
  expect(Math.max(...later)).toBeLessThan(1024);
  const foreign = Object.keys(metafile.inputs).filter((path) => !path.startsWith("client/"));
  expect(foreign).toEqual([]);
});

test("live updates are loaded on use, and have less than 2 KB", async () => {
  const { outputFiles } = await bundle("client/live.ts");
  expect(outputFiles.map(bytesOf)).toEqual([expect.any(Number)]);
  expect(bytesOf(outputFiles[0]!)).toBeLessThan(2 * 1024);
  const { metafile } = await bundle();
  expect(Object.keys(metafile.inputs)).not.toContain("client/live.ts");
});

test("every route of the contract but those for setting up is an operation (else: node client/generate-operations.ts)", () => {
  expect(readFileSync("client/operations.ts", "utf8")).toBe(operationsSource());
  const client = createClient({ baseUrl: "http://localhost" });
  const names = endpoints.filter(({ outsideClient }) => !outsideClient).map(({ name }) => name);
  expect(Object.keys(operations).toSorted()).toEqual(names.toSorted());
  for (const name of names) expect(client).toHaveProperty(name);
});

const repetitionOf = (name: OperationName) => parseOperation(name)[2];

test("an operation may be repeated as it is, with a key, or not at all", () => {
  expect(repetitionOf("placeOrder")).toBe("key");
  expect(repetitionOf("saveDocument")).toBe("key");
  expect(repetitionOf("adjustStock")).toBe("safe");
  expect(repetitionOf("getItem")).toBe("safe");
  expect(repetitionOf("acquireLock")).toBe("safe");
  expect(repetitionOf("extendLock")).toBe("safe");
  expect(repetitionOf("releaseLock")).toBe("key");
  expect(repetitionOf("forceReleaseLock")).toBe("key");
  expect(repetitionOf("removeCartItem")).toBe("key");
  expect(repetitionOf("addCartItem")).toBe("key");
  expect(repetitionOf("setDocumentAccess")).toBe("no");
});
