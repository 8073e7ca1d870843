/** Two people who edit one document: shows what the client's editing sessions do, request by request. */
import { createClient, isProblem } from "../../../client/index.ts";
import { connectLive } from "../../../client/live.ts";
import { createBeginning, createEditing } from "./editing.js";
import { createLine } from "./line.js";
import { createMachine } from "./machine.js";
import { render } from "./view.js";

const people = [
  { user: "ana", name: "Ana", color: "#6d4aff" },
  { user: "ben", name: "Ben", color: "#0b7285" },
];
const maxLogLines = 60;
/** What is saved meanwhile is no matter of the lock, so no push tells of it. */
const pollMs = 1_500;

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

/** Runs one action at a time; what goes wrong is shown, and told in the log already. */
function createActing(state, log, show) {
  const explain = (error) => {
    if (isProblem(error, "LOCK_HELD")) state.lock = error.problem.lockInfo;
    else if (!state.lost) log(error.message, error.code, "refused");
    if (isProblem(error, "NOBODY_WAITS")) state.asked = undefined;
  };
  return (work) => async () => {
    if (state.isBusy) return;
    state.isBusy = true;
    show();
    await work().catch(explain);
    state.isBusy = false;
    show();
  };
}

/** Hears at once of the lock of whichever document is followed. */
function createFollowing(live, machine, look) {
  let unfollow = () => undefined;
  return (docId) => {
    unfollow();
    unfollow = live.follow(`lock/document/${docId}`, () => machine.asleep || look());
  };
}

/** What an editor knows: its lease is the one in the settings now. */
const createState = (machine) => ({
  machine,
  lock: null,
  isBusy: false,
  get leaseMs() {
    return Number(leaseField.value) * 1_000;
  },
});

/** The section of one person, from the template. */
function createSection({ user, name, color }) {
  const section = document.querySelector("#editor").content.cloneNode(true).firstElementChild;
  const part = (selector) => section.querySelector(selector);
  section.id = user;
  section.ariaLabel = name;
  part(".name").textContent = name;
  part(".avatar").textContent = name[0];
  section.style.setProperty("--person", color);
  document.querySelector("#editors").append(section);
  return { section, part, text: part("textarea") };
}

function createEditor(person) {
  const { section, part, text } = createSection(person);
  const machine = createMachine();
  const state = createState(machine);
  const log = createLog(part(".log"));
  const client = createLoggedClient(person.user, machine, log);
  const poll = createViewing(state, client, text);
  const show = () => render(state, section, part);
  const look = () => void poll().then(show, () => undefined);
  const pushes = connectLive(client, { page: machine.host.page });
  const live = machine.onlyAwake(pushes);
  const docId = () => documentField.value;
  const shared = { state, client, live, text, name: person.name, log, show, docId };
  const begin = createBeginning(shared);
  const editing = createEditing({ ...shared, administrator, poll, begin });
  const line = createLine({ ...shared, begin });
  const act = createActing(state, log, show);
  const follow = createFollowing(pushes, machine, look);

  const buttons = {
    ".edit": editing.edit,
    ".save": () => editing.save(true),
    ".done": () => editing.save(false),
    ".cancel": editing.cancel,
    ".force": editing.takeOver,
    ".hand-over": editing.handOver,
    ".wait": line.waitInLine,
    ".ask": line.askToLetGo,
  };
  for (const [selector, work] of Object.entries(buttons)) {
    part(selector).addEventListener("click", act(work));
  }
  // It ends what another button began, so it does not wait for it.
  part(".leave").addEventListener("click", line.leaveLine);
  part(".sleep input").addEventListener("change", ({ target }) => {
    machine.asleep = target.checked;
    log(target.checked ? "fell asleep" : "woke up", "", "told");
    show();
  });
  documentField.addEventListener("change", () => {
    line.leaveLine();
    follow(docId());
    void act(async () => {
      await prepare(docId()).catch(() => undefined);
      await editing.cancel();
    })();
  });

  follow(docId());
  setInterval(show, 200);
  setInterval(look, pollMs);
  look();
}

/** A document that was never saved cannot be read, so it begins empty. One that somebody edits is left alone. */
async function prepare(docId) {
  const { lockInfo } = await administrator.getLockStatus({ params: { docId } });
  if (lockInfo) return;
  const session = await administrator.documents.edit(docId, { ttl: 10 });
  if (session.version === 0) await session.save({ text: "" }, { keepLock: false });
  else await session.close();
}

document.querySelector("#settings").addEventListener("submit", (event) => event.preventDefault());
await prepare(documentField.value).catch(() => undefined);
for (const person of people) createEditor(person);
