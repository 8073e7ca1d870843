/** DynamoDB Local is for this machine only: no other address of it answers. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { networkInterfaces, tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { libraryFolder } from "../../local/database/dynamodb-local.ts";
import { ROOT } from "../../local/root.ts";

const port = Number(new URL(inject("dynamoDbEndpoint")).port);

function answers(host: string): Promise<boolean> {
  return new Promise((settle) => {
    const socket = connect({ host, port, timeout: 2_000 });
    const end = (isOpen: boolean) => {
      socket.destroy();
      settle(isOpen);
    };
    socket.once("connect", () => end(true));
    socket.once("error", () => end(false));
    socket.once("timeout", () => end(false));
  });
}

/** Of this machine, in its networks; and of its own, but for the one that is used. */
const others = [
  ...Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ family, internal }) => family === "IPv4" && !internal)
    .map(({ address }) => address),
  "127.0.0.2",
];

test.skipIf(process.env["DYNAMODB_ENDPOINT"])("it listens on 127.0.0.1 alone", async () => {
  expect(await answers("127.0.0.1")).toBe(true);
  for (const host of others)
    expect({ host, isOpen: await answers(host) }).toMatchObject({ isOpen: false });
});

const compiler = spawnSync("javac", ["-version"], { encoding: "utf8" }).stdout ?? "";

test.skipIf(!compiler.startsWith("javac 17."))(
  "what starts it is compiled from the source beside it",
  () => {
    const folder = join(ROOT, "local/database/loopback");
    const built = mkdtempSync(join(tmpdir(), "loopback-"));
    const library = libraryFolder();
    const classes = [join(library, "DynamoDBLocal.jar"), join(library, "DynamoDBLocal_lib", "*")];
    const source = join(folder, "Loopback.java");
    const options = ["--release", "17", "-g:none", "-cp", classes.join(":"), "-d", built, source];
    expect(spawnSync("javac", options).status).toBe(0);
    const [fresh, kept] = [built, folder].map((from) => readFileSync(join(from, "Loopback.class")));
    expect(fresh!.equals(kept!)).toBe(true);
    rmSync(built, { recursive: true });
  },
);
