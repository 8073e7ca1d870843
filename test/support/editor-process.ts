/** A holder in a process of its own, so that a test can stop it as a machine that sleeps: one command a line. */
import { createInterface } from "node:readline";
import { ApiError, createClient } from "../../client/index.ts";

const [baseUrl = "", token = "", docId = "", ttl = "1"] = process.argv.slice(2);
const tell = (event: string, data: object = {}): void =>
  console.log(JSON.stringify({ event, ...data }));

const client = createClient({ baseUrl, token });
const session = await client.documents.edit(docId, { ttl: Number(ttl), username: "Sleeper" });
session.on("lost", ({ owner }) => tell("lost", { owner: owner?.userId ?? null }));
tell("editing", { fence: session.fence });

for await (const line of createInterface(process.stdin)) {
  try {
    await session.save(line);
    tell("saved");
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const { status, code } = error;
    tell("refused", { status, code, state: session.state });
  }
}
