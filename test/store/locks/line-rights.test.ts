/** Rights and the line of a document: nobody waits, is granted or keeps a place without the right to edit. */
import { beforeAll, expect, inject, test } from "vitest";
import { type Clock, epochMs } from "../../../shared/base/time.ts";
import type { Editor } from "../../../shared/documents/document-access.ts";
import { createDocumentService, wantedLock } from "../../../shared/documents/document-service.ts";
import { placeMs } from "../../../shared/locks/line.ts";
import type { Lock } from "../../../shared/locks/lock.ts";
import { createLockWorld, type LockWorld } from "../../support/lock-world.ts";
import { errorOf } from "../../support/world.ts";

let nowMs = 1_800_000_000_000;
const clock: Clock = () => epochMs(nowMs);
let world: LockWorld;
let documents: ReturnType<typeof createDocumentService>;

beforeAll(async () => {
  world = await createLockWorld(inject("dynamoDbEndpoint"), clock);
  documents = createDocumentService({ ...world, clock });
});

const editorOf = (userId: string): Editor => ({ userId, isAdmin: false, byDefault: true });
const ownerOf = (userId: string) => ({ userId });

const begin = (documentId: string, userId: string) =>
  documents.editOrQueue(documentId, { owner: ownerOf(userId), editor: editorOf(userId) });

async function ticketOf(documentId: string, userId: string): Promise<string> {
  const begun = await begin(documentId, userId);
  if (!("place" in begun)) throw new Error("It is one's turn already");
  return begun.place.ticket;
}

function ask(documentId: string, userId: string, ticket: string) {
  const { resource, permit } = wantedLock(documentId, editorOf(userId));
  return world.locks.line.ask({ resource, ticket, userId, actor: { id: userId }, permit });
}

const letIn = (documentId: string, editors: string[]) =>
  documents.setAccess({
    documentId,
    readers: [],
    editors,
    editor: editorOf("alice"),
    actor: { id: "alice" },
  });

/** A document of Alice's, which she has the lock of and lets these people edit. */
async function aliceEdits(documentId: string, editors: string[]): Promise<Lock> {
  const owner = ownerOf("alice");
  const { lock } = await documents.edit(documentId, { owner, editor: editorOf("alice") });
  const { fence } = lock;
  await documents.save({ documentId, content: 1, owner, fence, keepLock: true });
  await letIn(documentId, editors);
  return lock;
}

test("who may not edit gets no place, whether the lock is held, free or over", async () => {
  const lock = await aliceEdits("closed", ["bob"]);
  expect(await errorOf(begin("closed", "mallory"))).toMatchObject({ code: "FORBIDDEN" });
  const ticket = await ticketOf("closed", "bob");
  expect(await errorOf(begin("closed", "mallory"))).toMatchObject({ code: "FORBIDDEN" });
  await world.locks.release(lock);
  expect(await errorOf(begin("closed", "mallory"))).toMatchObject({ code: "FORBIDDEN" });
  expect(await ask("closed", "bob", ticket)).toMatchObject({ lock: { owner: { userId: "bob" } } });
  nowMs += 86_400_000;
  expect(await errorOf(begin("closed", "mallory"))).toMatchObject({ code: "FORBIDDEN" });
});

test("who may not edit any more loses the place at the next question", async () => {
  const lock = await aliceEdits("left-out", ["bob", "carol"]);
  const [bobs, carols] = [await ticketOf("left-out", "bob"), await ticketOf("left-out", "carol")];
  await letIn("left-out", ["carol"]);
  expect(await errorOf(ask("left-out", "bob", bobs))).toMatchObject({ code: "FORBIDDEN" });
  expect(await errorOf(begin("left-out", "bob"))).toMatchObject({ code: "FORBIDDEN" });
  nowMs += placeMs - 1;
  await ask("left-out", "carol", carols);
  nowMs += 1;
  await world.locks.release(lock);
  expect(await ask("left-out", "carol", carols)).toHaveProperty("lock");
});

test("a turn that comes after the right was taken away is neither claimed, extended nor saved with", async () => {
  const documentId = "taken-away";
  const lock = await aliceEdits(documentId, ["bob", "carol"]);
  const [bobs, carols] = [await ticketOf(documentId, "bob"), await ticketOf(documentId, "carol")];
  await letIn(documentId, ["carol"]);
  await world.locks.release(lock);
  const { resource, permit } = wantedLock(documentId, editorOf("bob"));
  const granted = await world.locks.find(resource);
  expect(granted?.owner.userId).toBe("bob");
  expect(await errorOf(ask(documentId, "bob", bobs))).toMatchObject({ code: "FORBIDDEN" });
  const renewal = { ...granted!, permit };
  expect(await errorOf(world.locks.renew(renewal))).toMatchObject({ code: "FORBIDDEN" });
  const save = { documentId, content: 2, owner: ownerOf("bob"), fence: granted!.fence };
  const editor = editorOf("bob");
  expect(await errorOf(documents.save({ ...save, editor }))).toMatchObject({
    code: "FORBIDDEN",
  });
  expect((await documents.get(documentId)).document.content).toBe(1);
  // The next in line does not wait for it for longer than a turn may be left unclaimed.
  nowMs += placeMs - 1;
  await ask(documentId, "carol", carols);
  nowMs += 1;
  expect(await ask(documentId, "carol", carols)).toMatchObject({
    lock: { owner: { userId: "carol" } },
  });
});
