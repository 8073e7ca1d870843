/** What the buttons of somebody who edits do: edit, save, pass on, take over. */
import { nameOf } from "./view.js";

/** What to do with a session once there is one: show its text, and what becomes of its lock. */
export function createBeginning({ state, text, log, show }) {
  function onLost(loss) {
    log(`lost: ${loss.owner ? `${nameOf(loss.owner)} has it` : "nobody has it"}`, "", "refused");
    Object.assign(state, { session: undefined, lost: loss, lock: loss.owner, asked: undefined });
    show();
  }

  return (session, mine) => {
    // Somebody saved since this text was shown: theirs counts.
    text.value = session.version === state.shownVersion ? mine : (session.content?.text ?? "");
    Object.assign(state, { session, lock: null, lost: undefined, shownVersion: session.version });
    session.on("lost", onLost);
    session.on("unsure", () => log("unsure: is the lock still mine?", "", "told"));
    session.on("asked", (who) => {
      if (state.asked === undefined) log(`${nameOf(who)} asks for the lock`, "", "told");
      state.asked = who;
      show();
    });
    text.focus();
  };
}

/** What the buttons do; `docId` tells which document is meant now. */
export function createEditing({
  state,
  client,
  administrator,
  live,
  text,
  name,
  log,
  poll,
  begin,
  docId,
}) {
  async function edit() {
    state.lost = undefined;
    const mine = text.value;
    const ttl = state.leaseMs / 1_000;
    begin(await client.documents.edit(docId(), { ttl, username: name, live }), mine);
  }

  /** Saves what is there and passes the lock on: to who asked, or to the first in line. */
  async function handOver() {
    const { session, asked } = state;
    const to = asked && {
      userId: asked.userId,
      ...(asked.sessionId && { sessionId: asked.sessionId }),
    };
    await session.save({ text: text.value });
    state.shownVersion = session.version;
    const lock = await session.handOver(to);
    Object.assign(state, { session: undefined, asked: undefined, lock });
    log(`handed over to ${nameOf(lock)}`, "", "told");
  }

  async function save(keepLock) {
    await state.session.save({ text: text.value }, { keepLock });
    state.shownVersion = state.session.version;
    if (!keepLock) Object.assign(state, { session: undefined, asked: undefined });
  }

  async function cancel() {
    const open = state.session;
    const nothing = { session: undefined, lost: undefined, asked: undefined };
    Object.assign(state, { ...nothing, shownVersion: undefined });
    await open?.close();
    await poll();
  }

  async function takeOver() {
    const reason = `${name} takes over`;
    await administrator.forceReleaseLock({ body: { docId: docId(), reason } });
    log("an administrator ended the other lock", "", "told");
    await edit();
  }

  return { edit, save, cancel, takeOver, handOver };
}
