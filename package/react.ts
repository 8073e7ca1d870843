/**
 * `holdfast/react`: hooks for React 18 and newer over `holdfast/client`: a lock or a document that is kept for as long as a component
 * is there, a cart, and whatever else the server tells of as it happens. They need no table and no right of their own, only a
 * client with a token of the caller. StrictMode takes nothing twice, what goes away is given back, and what was lost is told.
 *
 * @example
 * import { createClient } from "holdfast/client";
 * import { useEditingSession, useLive } from "holdfast/react";
 *
 * const client = createClient({ baseUrl: "https://api.example.com", token: () => currentToken() }); // one for all components
 *
 * export function Report({ id }) {
 *   const { state, owner, session, save, retake } = useEditingSession(client, `report/${id}`);
 *   if (state === "refused" || state === "lost") return <button onClick={retake}>{owner?.userId} has it: try again</button>;
 *   if (!session) return <p>One moment …</p>;
 *   return <Editor initial={session.content} isReadOnly={state !== "held"} onSave={save} />;
 * }
 *
 * export function Chairs() {
 *   const { value } = useLive(client, "item/chair", () => client.getItem({ params: { itemId: "chair" } }));
 *   return <p>{value?.available} left</p>;
 * }
 */
export type { KeepingState, Shown } from "./react/keeping.ts";
export type { NameOptions } from "./react/name-keeping.ts";
export * from "./react/use-cart.ts";
export * from "./react/use-editing-session.ts";
export * from "./react/use-live.ts";
export * from "./react/use-lock.ts";
