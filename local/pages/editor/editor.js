/** Two people who edit one document: shows what the client's editing sessions do, request by request. */
import { createClient, isProblem } from "../../../client/index.ts";
import { createMachine } from "./machine.js";
import { nameOf, render } from "./view.js";

const people = [
  { user: "ana", name: "Ana", color: "#6d4aff" },
  { user: "ben", name: "Ben", color: "#0b7285" },
];
const maxLogLines = 60;
const pollMs = 1_000;

const documentField = document.querySelector("#document");
const leaseField = document.querySelector("#lease");
documentField.value = new URLSearchParams(location.search).get("doc") ?? "notes/monday";

/** A token of the local issuer, kept for most of its life. */
function createTokens(user, groups = "") {
  let token;
  let untilMs = 0;
  return async () => {
    if (Date.now() < untilMs) return token;
    const answer = await fetch(`/_local/token?sub=${user}&groups=${groups}`);
    token = (await answer.json()).access_token;
    untilMs = Date.now() + 10 * 60_000;
    return token;
  };
}

const administrator = createClient({ baseUrl: "", token: createTokens("root", "admin") });

/** Shows the newest lines of what happened on top. */
function createLog(list) {
  return (what, note = "", kind = "") => {
    const line = document.createElement("li");
    for (const content of [new Date().toLocaleTimeString("en-GB"), what, note]) {
      line.append(Object.assign(document.createElement("span"), { textContent: content }));
    }
    if (kind) line.className = kind;
    list.prepend(line);
    while (list.children.length > maxLogLines) list.lastElementChild.remove();
  };
}

/** A client whose every request but the polling is shown with what it cost. */
function createLoggedClient(user, machine, log) {
  async function loggedFetch(url, init) {
    const answer = await fetch(url, init);
    const cost = /"(\d+) req/.exec(answer.headers.get("server-timing") ?? "")?.[1];
    if (!String(url).includes("/status/") && init.method !== "GET") {
      const note = `${answer.status}${cost ? ` · ${cost} req` : ""}`;
      log(`${init.method} ${url}`, note, answer.ok ? "" : "refused");
    }
    return answer;
  }
  return createClient({ baseUrl: "", token: createTokens(user), fetch: loggedFetch }, machine.host);
}

/** Shows what is saved, and who has the lock, for as long as nobody edits here. */
function createViewing(state, client, text) {
  async function showSaved() {
    try {
      const saved = await client.getDocument({ params: { docId: documentField.value } });
      if (saved.version !== state.shownVersion) text.value = saved.content?.text ?? "";
      state.shownVersion = saved.version;
    } catch (error) {
      if (!isProblem(error, "DOCUMENT_NOT_FOUND")) throw error;
      if (state.shownVersion !== 0) text.value = "";
      state.shownVersion = 0;
    }
  }

  return async () => {
    if (state.machine.asleep || state.session) return;
    const status = await client.getLockStatus({ params: { docId: documentField.value } });
    if (state.session) return;
    state.lock = status.lockInfo;
    if (!state.lost) await showSaved();
  };
}

/** What the buttons do. */
function createEditing({ state, client, text, name, log, poll, show }) {
  function onLost(loss) {
    log(`lost: ${loss.owner ? `${nameOf(loss.owner)} has it` : "nobody has it"}`, "", "refused");
    Object.assign(state, { session: undefined, lost: loss, lock: loss.owner });
    show();
  }

  async function edit() {
    state.lost = undefined;
    const mine = text.value;
    const ttl = Number(leaseField.value);
    const session = await client.documents.edit(documentField.value, { ttl, username: name });
    // Somebody saved since this text was shown: theirs counts.
    text.value = session.version === state.shownVersion ? mine : (session.content?.text ?? "");
    Object.assign(state, { session, lock: null, shownVersion: session.version });
    session.on("lost", onLost);
    session.on("unsure", () => log("unsure: is the lock still mine?", "", "told"));
    text.focus();
  }

  async function save(keepLock) {
    await state.session.save({ text: text.value }, { keepLock });
    state.shownVersion = state.session.version;
    if (!keepLock) state.session = undefined;
  }

  async function cancel() {
    const open = state.session;
    Object.assign(state, { session: undefined, lost: undefined, shownVersion: undefined });
    await open?.close();
    await poll();
  }

  async function takeOver() {
    const reason = `${name} takes over`;
    await administrator.forceReleaseLock({ body: { docId: documentField.value, reason } });
    log("an administrator ended the other lock", "", "told");
    await edit();
  }

  return { edit, save, cancel, takeOver };
}

function createEditor({ user, name, color }) {
  const section = document.querySelector("#editor").content.cloneNode(true).firstElementChild;
  const part = (selector) => section.querySelector(selector);
  const text = part("textarea");
  const machine = createMachine();
  const state = {
    machine,
    lock: null,
    isBusy: false,
    get leaseMs() {
      return Number(leaseField.value) * 1_000;
    },
  };
  const log = createLog(part(".log"));
  const client = createLoggedClient(user, machine, log);
  const poll = createViewing(state, client, text);
  const show = () => render(state, section, part);
  const editing = createEditing({ state, client, text, name, log, poll, show });

  section.id = user;
  part(".name").textContent = name;
  part(".avatar").textContent = name[0];
  section.style.setProperty("--person", color);

  /** Runs one action at a time; what goes wrong is shown, and told in the log already. */
  function act(work) {
    return async () => {
      if (state.isBusy) return;
      state.isBusy = true;
      show();
      await work().catch((error) => {
        if (isProblem(error, "LOCK_HELD")) state.lock = error.problem.lockInfo;
        else if (!state.lost) log(error.message, error.code, "refused");
      });
      state.isBusy = false;
      show();
    };
  }

  const buttons = {
    ".edit": editing.edit,
    ".save": () => editing.save(true),
    ".done": () => editing.save(false),
    ".cancel": editing.cancel,
    ".force": editing.takeOver,
  };
  for (const [selector, work] of Object.entries(buttons)) {
    part(selector).addEventListener("click", act(work));
  }
  part(".sleep input").addEventListener("change", ({ target }) => {
    machine.asleep = target.checked;
    log(target.checked ? "fell asleep" : "woke up", "", "told");
    show();
  });
  documentField.addEventListener("change", act(editing.cancel));

  setInterval(show, 200);
  setInterval(() => void poll().catch(() => undefined), pollMs);
  document.querySelector("#editors").append(section);
  void poll().then(show);
}

document.querySelector("#settings").addEventListener("submit", (event) => event.preventDefault());
for (const person of people) createEditor(person);
