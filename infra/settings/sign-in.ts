/** Reads the settings of sign-in that come in pairs. */
import type { ContextReader } from "./context-reader.ts";
import { signInDefinitions as definitions } from "./sign-in-definitions.ts";

/** Whose tokens are believed. */
export interface TokenSettings {
  readonly issuer: string;
  readonly audience: readonly string[];
}

/** Where Cognito's pages are, and where they lead back to. */
export interface HostedPages {
  readonly prefix: string;
  readonly callbackUrls: readonly string[];
}

/** An issuer of the owner's own, with whom its tokens are for; undefined where there is none. */
export function readTokens(read: ContextReader): TokenSettings | undefined {
  const issuer = read.text("issuer", definitions.issuer);
  const audience = read.list("audience", definitions.audience);
  if ((read.given("issuer") === undefined) !== (audience.length === 0)) {
    read.problems.push("issuer and audience must be given together");
  }
  return issuer === undefined || audience.length === 0 ? undefined : { issuer, audience };
}

/** The hosted pages; undefined where there are none. */
export function readHostedPages(read: ContextReader): HostedPages | undefined {
  const prefix = read.text("signInPrefix", definitions.signInPrefix);
  const callbackUrls = read.list("callbackUrls", definitions.callbackUrls);
  if ((read.given("signInPrefix") === undefined) !== (callbackUrls.length === 0)) {
    read.problems.push("signInPrefix and callbackUrls must be given together");
  }
  return prefix === undefined || callbackUrls.length === 0 ? undefined : { prefix, callbackUrls };
}
