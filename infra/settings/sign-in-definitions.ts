/** Settings of who signs in, and how. */
import { type Definition, fits, isOrigin, isUrl } from "./definition.ts";

/** Every setting of this section by its key. */
export const signInDefinitions = {
  issuer: {
    section: "Sign-in",
    kind: "text",
    like: "a URL (https:)",
    fits: isUrl("https:"),
    does: "an OpenID issuer of your own instead of a Cognito user pool; together with `audience`",
  },
  audience: {
    section: "Sign-in",
    kind: "list",
    like: "names of clients, with commas",
    fits: fits(/^\S+$/),
    does: "whose tokens of that issuer are for this API",
  },
  groupsClaim: {
    section: "Sign-in",
    kind: "text",
    default: "cognito:groups",
    like: "the name of a claim",
    fits: fits(/^\S+$/),
    does: "the claim of a token that lists its holder's groups",
  },
  adminGroup: {
    section: "Sign-in",
    kind: "text",
    default: "admin",
    like: "the name of a group",
    fits: fits(/^\S(?:.*\S)?$/),
    does: "the exact name of the group that administers",
  },
  documentAccess: {
    section: "Sign-in",
    kind: "choice",
    choices: ["open", "group"],
    otherwise: "`group` in production, else `open`",
    does: "who may read, lock and edit documents that have no access list: anybody who is signed in, or only `editorsGroup`",
  },
  editorsGroup: {
    section: "Sign-in",
    kind: "text",
    default: "editors",
    like: "the name of a group",
    fits: fits(/^\S(?:.*\S)?$/),
    does: "the exact name of the group that edits documents where `documentAccess` is `group`",
  },
  allowOrigins: {
    section: "Sign-in",
    kind: "list",
    like: "origins like https://shop.example.com, with commas",
    fits: isOrigin,
    does: "origins whose pages may call the API",
  },
  cognitoPlan: {
    section: "Sign-in",
    kind: "choice",
    choices: ["essentials", "lite", "plus"],
    does: "plan of the user pool, priced by monthly users: the first 10,000 are free in `lite` and `essentials`, then 0.0055 and 0.015 USD each; `plus` adds threat protection at 0.02 USD from the first",
  },
  mailFrom: {
    section: "Sign-in",
    kind: "text",
    like: "a mail address like shop@example.com",
    fits: fits(/^[^\s@,]+@[^\s@,]+\.[^\s@,]+$/),
    does: "an address verified in SES of the same region, from which sign-in mails come; otherwise Cognito's own, at most 50 a day. 0.10 USD per 1,000 mails",
  },
  mfa: {
    section: "Sign-in",
    kind: "choice",
    choices: ["optional", "required"],
    does: "`required` lets nobody of the user pool in without a second factor (an authenticator app), shoppers included: Cognito can ask it of all or of who set it up, not of a group. Free",
  },
  signInPrefix: {
    section: "Sign-in",
    kind: "text",
    like: "a prefix like my-shop: lower-case letters, digits and dashes",
    fits: fits(/^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/),
    does: "gives hosted pages at `https://<prefix>.auth.<region>.amazoncognito.com`; together with `callbackUrls`, or with `pages=on`",
  },
  callbackUrls: {
    section: "Sign-in",
    kind: "list",
    like: "URLs like https://shop.example.com/signed-in, with commas",
    fits: isUrl("https:", "http:"),
    does: "where hosted pages may send a signed-in shopper back to",
  },
  pagesClient: {
    section: "Sign-in",
    kind: "text",
    like: "the name of a client",
    fits: fits(/^\S+$/),
    does: "with `pages=on` and an issuer of your own: the public client (code with PKCE, no secret) by which the console signs people in; it may lead back to `<PagesUrl>/console` and, signed out, to `<PagesUrl>/`",
  },
} as const satisfies Record<string, Definition>;
