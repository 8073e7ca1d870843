/** What is at the top of each page: where one is, where else one can go, and who one is. */

import { findConfig } from "./place.ts";
import { hasEnded, signedIn } from "./signed-in.ts";

const localDoors = [
  ["/console", "Console"],
  ["/shop", "Shop"],
  ["/_local/editor", "Editor"],
  ["/_local/docs", "Docs"],
] as const;

const deployedDoors = [
  ["/console", "Console"],
  ["/openapi.json", "API"],
] as const;

const doors = findConfig() === undefined ? localDoors : deployedDoors;

/** The way out for who is signed in, and the way back in once that has ended. */
function Leaving() {
  if (hasEnded.value) {
    return (
      <button type="button" onClick={() => location.reload()}>
        Your sign-in has ended: sign in again
      </button>
    );
  }
  const { value: person } = signedIn;
  if (!person) return null;
  return (
    <button type="button" onClick={() => void person.signOut()}>
      Sign out
    </button>
  );
}

/** The links to all pages; the one that is open is marked. */
export function Header({ userId }: { readonly userId?: string | undefined }) {
  return (
    <header>
      <a class="brand" href="/">
        Holdfast
      </a>
      <nav aria-label="Pages">
        {doors.map(([href, name]) => (
          <a key={href} href={href} aria-current={location.pathname === href ? "page" : undefined}>
            {name}
          </a>
        ))}
      </nav>
      {userId === undefined ? null : <span class="who">as {userId}</span>}
      <Leaving />
    </header>
  );
}
