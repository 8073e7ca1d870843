/** A page of somebody's React app, in StrictMode: an editor, a till, a cart; each is there for as long as the test says. */
import { createElement as h, StrictMode, useState } from "react";
import { createRoot } from "react-dom/client";
import { createClient } from "../../client/index.ts";
import { useCart, useEditingSession, useLock } from "../../package/react.ts";

/** What the page shows: the document, the lock and the cart's item by their names. */
export interface Wanted {
  readonly docId?: string;
  readonly till?: string;
  readonly itemId?: string;
  readonly instance?: string;
}

declare global {
  // oxlint-disable-next-line vars-on-top, no-var -- how globals are declared
  var startPage: (token: string) => void;
  // oxlint-disable-next-line vars-on-top, no-var -- how globals are declared
  var wish: (wanted: Wanted) => void;
}
declare const document: { readonly body: Element };

type Client = ReturnType<typeof createClient>;

function Editor({ client, docId }: { client: Client; docId: string }) {
  const { state, owner, save, retake } = useEditingSession(client, docId, { ttl: 9 });
  return h(
    "div",
    { id: "editor", "data-state": state, "data-owner": owner?.userId },
    h("button", { className: "save", onClick: () => void save({ text: "saved" }) }, "Save"),
    h("button", { className: "again", onClick: retake }, "Again"),
  );
}

function Till({ client, till }: { client: Client; till: string }) {
  const { state, owner, retake } = useLock(client, till, { ttl: 9 });
  return h(
    "div",
    { id: "till", "data-state": state, "data-owner": owner?.userId },
    h("button", { className: "again", onClick: retake }, "Again"),
  );
}

function Basket({
  client,
  itemId,
  ...place
}: {
  client: Client;
  itemId: string;
  instance: string;
}) {
  const { cart, add } = useCart(client, place);
  return h(
    "div",
    { id: "basket", "data-count": cart?.count },
    h("button", { className: "add", onClick: () => void add({ itemId, quantity: 1 }) }, "Add"),
  );
}

function Page({ client }: { client: Client }) {
  const [wanted, setWanted] = useState<Wanted>({});
  globalThis.wish = setWanted;
  const { docId, till, itemId, instance = "default" } = wanted;
  return h(
    "main",
    null,
    docId && h(Editor, { client, docId }),
    till && h(Till, { client, till }),
    itemId && h(Basket, { client, itemId, instance }),
  );
}

globalThis.startPage = (token) => {
  const client = createClient({ baseUrl: "", token });
  const root = createRoot(document.body);
  root.render(h(StrictMode, null, h(Page, { client })));
};
