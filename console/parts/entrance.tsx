/** The way into the console: on this machine one is an operator, in a stack one signs in and has to be of the group. */
import { render } from "preact";
import { createClient } from "../../client/index.ts";
import { Header } from "./header.tsx";
import { findConfig } from "./place.ts";
import { explain } from "./problem.ts";
import { openSession, openSessionBy, type Session } from "./session.ts";
import { explainSignIn, signIn, type SignInConfig } from "./sign-in.ts";
import { type SignedIn, signedIn } from "./signed-in.ts";

/** What stands in the place of the console, with a way to try again once nothing more will come by itself. */
function show(text: string, userId?: string, isOver = true): void {
  render(
    <>
      <Header userId={userId} />
      <main>
        <h1>Console</h1>
        <p role="status">{text}</p>
        {isOver && userId === undefined ? (
          <button type="button" onClick={() => location.assign(location.pathname)}>
            Sign in
          </button>
        ) : null}
      </main>
    </>,
    document.body,
  );
}

/** Why somebody who is signed in sees nothing, or undefined where nothing speaks against it. The API says so itself. */
async function findRefusal(
  { name, tokens }: SignedIn,
  { adminGroup }: SignInConfig,
): Promise<string | undefined> {
  try {
    await createClient({ baseUrl: location.origin, token: tokens }).lockStats({});
    return undefined;
  } catch (error) {
    if ((error as { readonly status?: number }).status !== 403) return explain(error);
    return `You are signed in as ${name}, who is not of the group ${adminGroup}: the console is for operators. Sign out to come as somebody else.`;
  }
}

async function admit(path: string): Promise<Session | undefined> {
  show("Signing in…", undefined, false);
  try {
    const config = (await (await fetch(path)).json()) as SignInConfig;
    signedIn.value = await signIn(config);
    const refusal = await findRefusal(signedIn.value, config);
    const { name, tokens } = signedIn.value;
    if (refusal === undefined) return openSessionBy(name, tokens);
    show(refusal, name);
  } catch (error) {
    show(explainSignIn(error));
  }
  return undefined;
}

/** The session of an operator; it never comes where somebody may not be one, and the page says why. */
export async function enterAsOperator(): Promise<Session> {
  const path = findConfig();
  if (path === undefined) return openSession("root", ["admin"]);
  return (await admit(path)) ?? new Promise(() => undefined);
}
