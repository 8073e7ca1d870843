/** Who is signed in to a page in a stack, for those who show it. */
import { signal } from "@preact/signals";
import type { Tokens } from "./session.ts";

/** Somebody who is signed in. */
export interface SignedIn {
  /** How people call them. */
  readonly name: string;
  readonly tokens: Tokens;
  /** Ends the sign-in, here and at the issuer, and leaves the page. */
  signOut(): Promise<void>;
}

/** Who it is; undefined before, and on this machine. */
export const signedIn = signal<SignedIn | undefined>(undefined);

/** Whether it came to its end, so that everything asked for fails until somebody signs in again. */
export const hasEnded = signal(false);
