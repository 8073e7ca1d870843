/** Reads the settings of sign-in that come in pairs. */
import { addressDefinitions } from "./address-definitions.ts";
import type { ContextReader } from "./context-reader.ts";
import { signInDefinitions as definitions } from "./sign-in-definitions.ts";

/** Whose tokens are believed. */
export interface TokenSettings {
  readonly issuer: string;
  readonly audience: readonly string[];
}

/** Our own pages: the console for operators, and what leads there. */
export interface PagesSettings {
  /** As whom they sign people in at the owner's own issuer; a user pool's client is made. */
  readonly client?: string;
}

/** Where Cognito's pages are, and where they lead back to. */
export interface HostedPages {
  readonly prefix: string;
  /** None where only our own pages sign people in by them. */
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
  const isAsked = read.given("signInPrefix") !== undefined;
  const isForPages = read.choice("pages", addressDefinitions.pages) === "on";
  const hasUrls = callbackUrls.length > 0;
  if (isAsked ? !hasUrls && !isForPages : hasUrls) {
    read.problems.push("signInPrefix and callbackUrls must be given together");
  }
  return prefix === undefined ? undefined : { prefix, callbackUrls };
}

/** Our own pages; undefined where the stack has none. */
export function readPages(read: ContextReader): PagesSettings | undefined {
  const isOn = read.choice("pages", addressDefinitions.pages) === "on";
  const client = read.text("pagesClient", definitions.pagesClient);
  const hasIssuer = read.given("issuer") !== undefined;
  if (client !== undefined && !(isOn && hasIssuer)) {
    read.problems.push("pagesClient is for pages=on with an issuer of your own");
  }
  if (!isOn) return undefined;
  if (hasIssuer && client === undefined) {
    read.problems.push("pages=on needs pagesClient: the public client that your issuer knows");
  }
  if (!hasIssuer && read.given("signInPrefix") === undefined) {
    read.problems.push("pages=on needs signInPrefix, or an issuer with pagesClient");
  }
  return client === undefined ? {} : { client };
}
