/** Handlers of one's own ask for the rights to a document as every route does: before they run, and in their writes. */
import middy from "@middy/core";
import { beforeAll, expect, inject, test } from "vitest";
import {
  acquireDocumentLock,
  problemAnswers,
  requireDocumentLock,
  type WithDocumentLock,
} from "../../../functions/runtime/document-lock.ts";
import { HoldfastError } from "../../../shared/base/errors.ts";
import { systemClock } from "../../../shared/base/time.ts";
import { documentLockName } from "../../../shared/documents/document.ts";
import { isMissing, pathsOf } from "../../../shared/table/expression.ts";
import { put } from "../../../shared/table/write.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";

let world: LockWorld;
let serial = 0;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), systemClock);
});

const editor = { userId: "alice", isAdmin: false, byDefault: true };
const at = pathsOf<{ eventKey: string }>();

/** A document of alice's that only she and these may edit. */
async function written(editors: string[], readers: string[] = []): Promise<string> {
  const documentId = `plan-${(serial += 1)}`;
  const owner = { userId: "alice" };
  const { lock } = await world.documents.edit(documentId, { owner });
  await world.documents.save({ documentId, content: "x", owner, fence: lock.fence });
  const actor = { id: "alice" };
  await world.documents.setAccess({ documentId, readers, editors, editor, actor });
  return documentId;
}

type Middleware = typeof acquireDocumentLock;

/** A handler that publishes the document: a write of its own, under the lock. */
async function publish(
  docId: string,
  user: string,
  middleware: Middleware,
  meanwhile: () => Promise<unknown> = () => Promise.resolve(),
) {
  const claims = { sub: user };
  const event = {
    pathParameters: { docId },
    headers: {},
    requestContext: { requestId: "r1", authorizer: { jwt: { claims } } },
  };
  const chain = middy<WithDocumentLock, unknown>();
  chain.use(problemAnswers() as never);
  chain.use(middleware("docId", { locks: world.locks }) as never);
  const handler = chain.handler(async ({ documentLock }) => {
    await meanwhile();
    const eventKey = `published-${docId}-${user}`;
    const write = put({
      table: "Events",
      key: { eventKey },
      item: { eventKey },
      condition: isMissing(at("eventKey")),
      refused: () => new HoldfastError("FORBIDDEN", "Published twice"),
    });
    await world.database.transact([...world.locks.checkWrites(documentLock), write]);
    return { statusCode: 204 };
  });
  const { statusCode } = (await handler(event as never, {} as never)) as { statusCode: number };
  return statusCode;
}

const findLock = (docId: string) => world.locks.find(documentLockName(docId));

test("who is on the list gets the lock under the own name; a stranger and a reader get 403 and no lock", async () => {
  const docId = await written(["bob"], ["rita"]);
  for (const stranger of ["eve", "rita"]) {
    expect(await publish(docId, stranger, acquireDocumentLock)).toBe(403);
    expect(await publish(docId, stranger, requireDocumentLock)).toBe(403);
    expect(await findLock(docId)).toBeUndefined();
  }
  expect(await publish(docId, "bob", acquireDocumentLock)).toBe(204);
  expect(await findLock(docId)).toMatchObject({ owner: { userId: "bob" } });
});

test("a right that is taken away stops the next look, and the write of a handler that runs already", async () => {
  const docId = await written(["bob"]);
  const takeAway = () =>
    world.documents.setAccess({
      documentId: docId,
      readers: [],
      editors: [],
      editor,
      actor: { id: "alice" },
    });
  expect(await publish(docId, "bob", acquireDocumentLock, takeAway)).toBe(403);
  const row = await world.database.get("Events", { eventKey: `published-${docId}-bob` });
  expect(row).toBeUndefined();
  expect(await publish(docId, "bob", requireDocumentLock)).toBe(403);
});
