/** How one of the two editors looks, by what it knows. */

function clock(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1_000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

/** The end of a long number: enough to see it grow. */
function short(number) {
  return number ? `…${String(number).slice(-6)}` : "none yet";
}

/** How people see who has a lock. */
export const nameOf = (owner) => owner.username ?? owner.userId;

const pills = {
  held: "Editing",
  unsure: "Asking the server…",
  lost: "Lock lost",
  blocked: "Read only",
  waiting: "In line",
  viewing: "Free",
};

function modeNow({ machine, session, lost, lock, waiting }) {
  if (machine.asleep && session) return "unsure";
  if (lost) return "lost";
  if (session) return session.state === "held" ? "held" : "unsure";
  if (waiting) return "waiting";
  return lock ? "blocked" : "viewing";
}

function placeText({ place }) {
  if (!place) return "Joining the line";
  const { ahead, lockInfo } = place;
  return ahead === 0
    ? `You are next after ${nameOf(lockInfo)}`
    : `${ahead} ahead of you, besides ${nameOf(lockInfo)}`;
}

function lockText({ machine, session, lock, waiting }, leftMs) {
  if (machine.asleep) return "Asleep: nothing is renewed, nothing is asked";
  if (session) return `You have the lock for another ${clock(leftMs)}`;
  if (waiting) return placeText(waiting);
  return lock ? `${nameOf(lock)} has the lock for another ${clock(leftMs)}` : "Nobody has the lock";
}

/** Says in the banner what its owner should know at once: that somebody asks for the lock, or that it is gone. */
function renderBanner({ lost, lock, asked }, part) {
  part(".banner").hidden = !lost && !asked;
  if (asked && !lost) {
    part(".headline").textContent = `${nameOf(asked)} asks you to let go`;
    part(".detail").textContent = "Handing over saves your text first.";
  }
  if (!lost) return;
  // Told between the forced end and the next owner's beginning, it names nobody: looking on finds out who.
  const taker = lost.owner ?? lock;
  part(".headline").textContent = taker ? `${nameOf(taker)} took the lock` : "Your lock is gone";
  const why = taker ? "" : `${lost.reason}. `;
  part(".detail").textContent = `${why}Your text is still here, but it is not saved.`;
}

/** Shows the state of one editor in its section; `part` finds a part of it. */
export function render(state, section, part) {
  const { machine, session, lock, lost, shownVersion, isBusy, leaseMs, waiting, asked } = state;
  const isEditing = session !== undefined;
  const leftMs = ((session ?? lock)?.expiresAtMs ?? Date.now()) - Date.now();
  section.dataset.mode = modeNow(state);
  part(".pill").textContent = machine.asleep ? "Asleep" : pills[modeNow(state)];
  part(".doing").textContent = isEditing
    ? `fence ${short(session.fence)}, version ${short(session.version)}`
    : `version ${short(shownVersion)}`;
  part(".left").style.width = `${Math.min(100, (leftMs / leaseMs) * 100)}%`;
  part(".lock").textContent = lockText(state, leftMs);
  renderBanner(state, part);
  part("textarea").readOnly = !isEditing;
  const show = (selector, isShown) => (part(selector).hidden = !isShown);
  const isLockedOut = !isEditing && !waiting && Boolean(lock);
  show(".edit", !isEditing && !waiting && !lock);
  show(".wait", isLockedOut && !lost);
  show(".ask", Boolean(waiting?.place) && !waiting.hasAsked);
  show(".leave", Boolean(waiting));
  show(".force", isLockedOut);
  show(".hand-over", isEditing);
  part(".hand-over").textContent = asked ? `Hand over to ${nameOf(asked)}` : "Hand over";
  show(".save", isEditing);
  show(".done", isEditing);
  show(".cancel", isEditing || Boolean(lost));
  part(".cancel").textContent = lost ? "Discard my text" : "Close without saving";
  for (const button of section.querySelectorAll("button")) {
    button.disabled = machine.asleep || (isBusy && !button.matches(".leave"));
  }
}
