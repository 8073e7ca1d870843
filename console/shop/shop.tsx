/** The demo shop: a catalogue, a cart, a till, and the line for what is sold out. `?two` shows two shoppers at once. */
import { render } from "preact";
import { Header } from "../parts/header.tsx";
import { Notice } from "../parts/notice.tsx";
import { createNotices } from "../parts/notices.ts";
import { openSession } from "../parts/session.ts";
import { CartPanel } from "./cart-panel.tsx";
import { Catalogue } from "./catalogue.tsx";
import { FlashSale } from "./flash-sale.tsx";
import { OrderPanel } from "./order-panel.tsx";
import { createVisit } from "./visit.ts";

const query = new URLSearchParams(location.search);

function Two() {
  return (
    <>
      <Header />
      <main class="two">
        {["ada", "bob"].map((name) => (
          <iframe
            key={name}
            title={`The shop as ${name} sees it`}
            src={`/shop?as=${name}&inside`}
          />
        ))}
      </main>
    </>
  );
}

function One({ userId }: { readonly userId: string }) {
  const visit = createVisit(openSession(userId), createNotices());
  return (
    <>
      <Header userId={userId} />
      <main class="shop">
        <h1 class={query.has("inside") ? "unseen" : ""}>Shop</h1>
        {query.has("inside") ? null : (
          <p>
            <a href="/shop?two">Two shoppers side by side</a>, to race yourself for the last unit.
          </p>
        )}
        <Notice notices={visit.notices} />
        <div class="sides">
          <Catalogue visit={visit} />
          <div>
            <CartPanel visit={visit} />
            <OrderPanel visit={visit} />
          </div>
        </div>
        {query.has("inside") ? null : <FlashSale />}
      </main>
    </>
  );
}

if (query.has("two")) render(<Two />, document.body);
else render(<One userId={query.get("as") ?? "ada"} />, document.body);
