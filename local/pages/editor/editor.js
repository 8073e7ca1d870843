/** Two people who edit one document: shows what the client's editing sessions do, request by request. */
import { createClient, isProblem } from "../../../client/index.ts";

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
function tokensOf(user, groups = "") {
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

const administrator = createClient({ baseUrl: "", token: tokensOf("root", "admin") });

/** A machine that can be put to sleep: its timers wait, and fire when it wakes. */
function createMachine() {
  let asleep = false;
  const waiting = new Set();
  const page = new EventTarget();
  addEventListener("pagehide", () => page.dispatchEvent(new Event("pagehide")));
  for (const sign of ["visibilitychange", "pageshow", "focus", "online"]) {
    addEventListener(sign, () => asleep || page.dispatchEvent(new Event(sign)), true);
  }
  return {
    host: {
      setTimer: (run, delayMs) => setTimeout(() => (asleep ? waiting.add(run) : run()), delayMs),
      clearTimer: (timer) => clearTimeout(timer),
      page,
    },
    get asleep() {
      return asleep;
    },
    set asleep(next) {
      asleep = next;
      if (asleep) return;
      page.dispatchEvent(new Event("resume"));
      waiting.clear();
    },
  };
}

function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The end of a long number: enough to see it grow. */
function short(number) {
  return number ? `…${String(number).slice(-6)}` : "none yet";
}

function createEditor({ user, name, color }) {
  const section = document.querySelector("#editor").content.cloneNode(true).firstElementChild;
  const part = (selector) => section.querySelector(selector);
  const text = part("textarea");
  const machine = createMachine();
  let session;
  let lock = null;
  let lost;
  let shownVersion;
  let isBusy = false;

  section.id = user;
  part(".name").textContent = name;
  part(".avatar").textContent = name[0];
  section.style.setProperty("--person", color);

  function log(what, note = "", kind = "") {
    const line = document.createElement("li");
    for (const content of [new Date().toLocaleTimeString("en-GB"), what, note]) {
      line.append(Object.assign(document.createElement("span"), { textContent: content }));
    }
    if (kind) line.className = kind;
    const list = part(".log");
    list.prepend(line);
    while (list.children.length > maxLogLines) list.lastElementChild.remove();
  }

  /** Every request but the polling is shown with what it cost. */
  async function loggedFetch(url, init) {
    const answer = await fetch(url, init);
    const cost = /"(\d+) req/.exec(answer.headers.get("server-timing") ?? "")?.[1];
    if (!String(url).includes("/status/") && init.method !== "GET") {
      const note = `${answer.status}${cost ? ` · ${cost} req` : ""}`;
      log(`${init.method} ${url}`, note, answer.ok ? "" : "refused");
    }
    return answer;
  }

  const client = createClient(
    { baseUrl: "", token: tokensOf(user), fetch: loggedFetch },
    machine.host,
  );

  function modeNow() {
    if (lost) return "lost";
    if (session) return session.state === "held" ? "held" : "unsure";
    return lock ? "blocked" : "viewing";
  }

  const pills = {
    held: "Editing",
    unsure: "Asking the server…",
    lost: "Lock lost",
    blocked: "Read only",
    viewing: "Free",
  };

  function render() {
    const mode = machine.asleep && session ? "unsure" : modeNow();
    const isEditing = session !== undefined;
    const holder = session ? { expiresAtMs: session.expiresAtMs, username: "You" } : lock;
    const leftMs = holder ? holder.expiresAtMs - Date.now() : 0;
    section.dataset.mode = mode;
    part(".pill").textContent = machine.asleep ? "Asleep" : pills[mode];
    part(".doing").textContent = isEditing
      ? `fence ${short(session.fence)}, version ${short(session.version)}`
      : `version ${short(shownVersion)}`;
    part(".left").style.width = `${Math.min(100, (leftMs / leaseMs()) * 100)}%`;
    const who = holder?.username ?? holder?.userId;
    part(".lock").textContent = machine.asleep
      ? "Asleep: nothing is renewed, nothing is asked"
      : holder
        ? `${who === "You" ? "You have" : `${who} has`} the lock for another ${clock(leftMs)}`
        : "Nobody has the lock";
    part(".banner").hidden = !lost;
    if (lost) {
      // Told between the forced end and the next owner's beginning, it names nobody: looking on finds out who.
      const taker = lost.owner ?? lock;
      const owner = taker && (taker.username ?? taker.userId);
      part(".headline").textContent = owner ? `${owner} took the lock` : "Your lock is gone";
      const why = owner ? "" : `${lost.reason}. `;
      part(".detail").textContent = `${why}Your text is still here, but it is not saved.`;
    }
    text.readOnly = !isEditing;
    const show = (selector, isShown) => (part(selector).hidden = !isShown);
    show(".edit", !isEditing && !lock);
    show(".force", !isEditing && Boolean(lock));
    show(".save", isEditing);
    show(".done", isEditing);
    show(".cancel", isEditing || Boolean(lost));
    part(".cancel").textContent = lost ? "Discard my text" : "Close without saving";
    for (const button of section.querySelectorAll("button")) {
      button.disabled = isBusy || machine.asleep;
    }
  }

  const leaseMs = () => Number(leaseField.value) * 1_000;

  async function showSaved() {
    try {
      const saved = await client.getDocument({ params: { docId: documentField.value } });
      if (saved.version !== shownVersion) text.value = saved.content?.text ?? "";
      shownVersion = saved.version;
    } catch (error) {
      if (!isProblem(error, "DOCUMENT_NOT_FOUND")) throw error;
      if (shownVersion !== 0) text.value = "";
      shownVersion = 0;
    }
  }

  async function poll() {
    if (machine.asleep || session) return;
    const status = await client.getLockStatus({ params: { docId: documentField.value } });
    if (session) return;
    lock = status.lockInfo;
    if (!lost) await showSaved();
  }

  async function edit() {
    lost = undefined;
    const mine = text.value;
    const ttl = Number(leaseField.value);
    session = await client.documents.edit(documentField.value, { ttl, username: name });
    lock = null;
    // Somebody saved since this text was shown: theirs counts.
    text.value = session.version === shownVersion ? mine : (session.content?.text ?? "");
    shownVersion = session.version;
    session.on("lost", (loss) => {
      log(
        `lost: ${loss.owner ? `${loss.owner.username ?? loss.owner.userId} has it` : "nobody has it"}`,
        "",
        "refused",
      );
      session = undefined;
      lost = loss;
      lock = loss.owner;
      render();
    });
    session.on("unsure", () => log("unsure: is the lock still mine?", "", "told"));
    text.focus();
  }

  async function save(keepLock) {
    await session.save({ text: text.value }, { keepLock });
    shownVersion = session.version;
    if (!keepLock) session = undefined;
  }

  async function cancel() {
    const open = session;
    session = undefined;
    lost = undefined;
    shownVersion = undefined;
    await open?.close();
    await poll();
  }

  async function takeOver() {
    const reason = `${name} takes over`;
    await administrator.forceReleaseLock({ body: { docId: documentField.value, reason } });
    log("an administrator ended the other lock", "", "told");
    await edit();
  }

  /** Runs one action at a time; what goes wrong is shown, and told in the log already. */
  function act(work) {
    return async () => {
      if (isBusy) return;
      isBusy = true;
      render();
      await work().catch((error) => {
        if (isProblem(error, "LOCK_HELD")) lock = error.problem.lockInfo;
        else if (!lost) log(error.message, error.code, "refused");
      });
      isBusy = false;
      render();
    };
  }

  part(".edit").addEventListener("click", act(edit));
  part(".save").addEventListener(
    "click",
    act(() => save(true)),
  );
  part(".done").addEventListener(
    "click",
    act(() => save(false)),
  );
  part(".cancel").addEventListener("click", act(cancel));
  part(".force").addEventListener("click", act(takeOver));
  part(".sleep input").addEventListener("change", ({ target }) => {
    machine.asleep = target.checked;
    log(target.checked ? "fell asleep" : "woke up", "", "told");
    render();
  });
  documentField.addEventListener("change", act(cancel));

  setInterval(render, 200);
  setInterval(() => void poll().catch(() => undefined), pollMs);
  document.querySelector("#editors").append(section);
  void poll().then(render);
}

document.querySelector("#settings").addEventListener("submit", (event) => event.preventDefault());
for (const person of people) createEditor(person);
