/** The operator's console: one screen of what happens now, what is at risk, and the history of whatever is opened. */
import { render } from "preact";
import { enterAsOperator } from "../parts/entrance.tsx";
import { Header } from "../parts/header.tsx";
import { Notice } from "../parts/notice.tsx";
import { createNotices } from "../parts/notices.ts";
import { createDesk } from "./desk.ts";
import { Dialog } from "./dialog.tsx";
import { HoldTimesPanel } from "./hold-times-panel.tsx";
import { ItemsPanel } from "./items-panel.tsx";
import { LocksPanel } from "./locks-panel.tsx";
import { MoneyPanel } from "./money-panel.tsx";
import { NowPanel } from "./now-panel.tsx";
import { PromotionsPanel } from "./promotions-panel.tsx";
import { StoryPanel } from "./story-panel.tsx";
import { UpkeepPanel } from "./upkeep-panel.tsx";
import { WebhooksPanel } from "./webhooks-panel.tsx";

const desk = createDesk(await enterAsOperator(), createNotices());

function Console() {
  return (
    <>
      <Header userId={desk.userId} />
      <main class="console">
        <h1>Console</h1>
        <Notice notices={desk.notices} />
        <NowPanel desk={desk} />
        <ItemsPanel desk={desk} />
        <LocksPanel desk={desk} />
        <MoneyPanel desk={desk} />
        <PromotionsPanel desk={desk} />
        <HoldTimesPanel desk={desk} />
        <WebhooksPanel desk={desk} />
        <StoryPanel desk={desk} />
        <UpkeepPanel desk={desk} />
      </main>
      <Dialog />
    </>
  );
}

render(<Console />, document.body);
