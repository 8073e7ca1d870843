/** Who may read, lock and edit which document: a group where there is no list, a list where there is one. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { everythingOn } from "../../support/contexts.ts";
import { type Answer, type Client, clientOf } from "../../support/http.ts";
import { startServer, type TestServer } from "../../support/server.ts";

let server: TestServer;
let writer: Client;
let editor: Client;
let stranger: Client;
let admin: Client;
let serial = 0;

beforeAll(async () => {
  const groups = { groupsClaim: "roles", adminGroup: "head office", editorsGroup: "copy desk" };
  // Behind CloudFront, at a domain, with limits of routes: none of it changes what documents answer.
  const context = { ...everythingOn, ...groups, sweep: "off", documentAccess: "group" };
  server = await startServer({ context });
  writer = clientOf(server, "writer", ["copy desk"]);
  editor = clientOf(server, "editor", ["copy desk"]);
  stranger = clientOf(server, "stranger", ["copy", "desk", "editors"]);
  admin = clientOf(server, "root", ["head office"]);
});

afterAll(async () => {
  await server?.stop();
});

const acquire = (who: Client, docId: string, more = {}) =>
  who.send("POST /api/lock/acquire", { body: { docId, ...more } });
const save = (who: Client, docId: string, fence: number, more = {}) =>
  who.send(`PUT /api/documents/${docId}`, { body: { content: "x", fence, ...more } });
const read = (who: Client, docId: string) => who.send(`GET /api/documents/${docId}`);
const status = (who: Client, docId: string) => who.send(`GET /api/lock/status/${docId}`);
const edit = (who: Client, docId: string) =>
  who.send(`POST /api/documents/${docId}/edit`, { body: {} });
const give = (who: Client, docId: string, readers: string[], editors: string[]) =>
  who.send(`PUT /api/documents/${docId}/access`, { body: { readers, editors } });

function told({ status: code, body, cost }: Answer) {
  return { status: code, code: body.code, writeUnits: cost?.writeUnits };
}
const hidden = { status: 404, code: "DOCUMENT_NOT_FOUND", writeUnits: 0 };
const refused = { status: 403, code: "FORBIDDEN" };

/** A document of the writer's, saved once. */
async function written(): Promise<string> {
  const docId = `doc-${(serial += 1)}`;
  const { body } = await acquire(writer, docId);
  expect((await save(writer, docId, body.lockInfo.fence)).status).toBe(200);
  return docId;
}

test("who administers is the shop's own word, of the claim that it names, to the letter @long", async () => {
  const stats = "GET /admin/locks/stats";
  expect((await admin.send(stats)).status).toBe(200);
  for (const groups of [["admin"], ["head"], ["head", "office"], ["head office ops"], []]) {
    expect((await clientOf(server, `no-${groups.join("-")}`, groups).send(stats)).status).toBe(403);
  }
});

describe("without a list", () => {
  test("only members of the group, by its exact name, and administrators see and edit @long", async () => {
    const docId = await written();
    expect(told(await read(stranger, docId))).toEqual(hidden);
    expect(told(await status(stranger, docId))).toEqual(hidden);
    expect(told(await acquire(stranger, docId))).toMatchObject(refused);
    expect(told(await edit(stranger, docId))).toMatchObject(refused);
    expect(told(await save(stranger, docId, Date.now()))).toMatchObject(refused);
    for (const who of [editor, admin]) {
      expect((await read(who, docId)).status).toBe(200);
      const { body } = await edit(who, docId);
      expect((await save(who, docId, body.lockInfo.fence)).status).toBe(200);
    }
  });

  test("nobody else makes a new document either, nor withholds its name", async () => {
    expect(told(await acquire(stranger, "fresh"))).toMatchObject(refused);
    expect(told(await edit(stranger, "fresh"))).toMatchObject(refused);
    expect((await status(writer, "fresh")).body).toMatchObject({ isLocked: false });
  });
});

describe("a list", () => {
  test("lets readers read, editors edit, and hides the document from everybody else", async () => {
    const docId = await written();
    const given = await give(writer, docId, ["reader"], ["guest"]);
    expect(given).toMatchObject({
      status: 200,
      body: { readers: ["reader"], editors: ["guest", "writer"] },
    });
    const [reader, guest] = [clientOf(server, "reader"), clientOf(server, "guest")];
    expect((await read(reader, docId)).status).toBe(200);
    expect((await status(reader, docId)).status).toBe(200);
    expect(told(await acquire(reader, docId))).toMatchObject(refused);
    expect(told(await give(reader, docId, [], []))).toMatchObject(refused);
    const { body } = await edit(guest, docId);
    expect((await save(guest, docId, body.lockInfo.fence)).status).toBe(200);
    for (const who of [editor, stranger]) {
      expect(told(await read(who, docId))).toEqual(hidden);
      expect(told(await status(who, docId))).toEqual(hidden);
      expect(told(await give(who, docId, [], ["editor"]))).toMatchObject({ status: 404 });
      expect(told(await edit(who, docId))).toMatchObject(refused);
    }
    for (const who of [writer, admin]) expect((await read(who, docId)).status).toBe(200);
  });

  test("is set by the creator or an administrator, and a missing document has none", async () => {
    const docId = await written();
    expect(told(await give(editor, docId, [], ["editor"]))).toMatchObject(refused);
    expect((await give(admin, docId, [], ["guest"])).status).toBe(200);
    expect((await give(writer, docId, [], [])).body).toMatchObject({ editors: ["writer"] });
    expect(told(await give(admin, "never-saved", [], []))).toMatchObject({ status: 404 });
  });

  test("that a right is taken from makes its holder's next save 403, and the lease ends by itself", async () => {
    const docId = await written();
    const { body } = await edit(editor, docId);
    const { fence } = body.lockInfo;
    expect((await save(editor, docId, fence, { keepLock: true })).status).toBe(200);
    await give(writer, docId, [], []);
    expect(told(await save(editor, docId, fence))).toMatchObject(refused);
    const extend = await editor.send("POST /api/lock/extend", { body: { docId, fence } });
    expect(told(extend)).toMatchObject(refused);
    expect((await read(writer, docId)).body).toMatchObject({ lockInfo: { userId: "editor" } });
    const release = await editor.send("POST /api/lock/release", { body: { docId, fence } });
    expect(release.status).toBe(200);
    expect((await edit(writer, docId)).status).toBe(200);
  });

  test("set in the midst of saves stops every one that comes after it @long", async () => {
    const docId = await written();
    const { body } = await edit(editor, docId);
    const { fence } = body.lockInfo;
    const saves: { startedMs: number; status: number }[] = [];
    const saving = Array.from({ length: 4 }, async () => {
      for (let round = 0; round < 8; round += 1) {
        const startedMs = performance.now();
        const answer = await save(editor, docId, fence, { keepLock: true });
        saves.push({ startedMs, status: answer.status });
      }
    });
    await give(writer, docId, [], []);
    const takenMs = performance.now();
    await Promise.all(saving);
    expect(saves.every((one) => one.status === 200 || one.status === 403)).toBe(true);
    const after = saves.filter(({ startedMs }) => startedMs > takenMs);
    expect(after.length).toBeGreaterThan(0);
    expect(after.filter((one) => one.status !== 403)).toEqual([]);
  });
});

test("with everything on the API is here, and who comes around CloudFront is refused", async () => {
  const { body } = await stranger.send("GET /openapi.json");
  expect(body.servers).toEqual([{ url: server.url }]);
  const lie = { headers: { "x-origin-secret": "guess" } };
  expect((await stranger.send("GET /health", lie)).status).toBe(200);
  const around = {
    routeKey: "GET /health",
    headers: lie.headers,
    requestContext: { requestId: "r1", http: { method: "GET", path: "/health" } },
  };
  const outcome = await server.functions.find("platform")!.invoke(JSON.stringify(around));
  expect(JSON.parse(outcome.result!)).toMatchObject({ statusCode: 403 });
});
