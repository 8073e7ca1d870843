/**
 * `node scripts/pictures.ts [URL]`: takes the README's two pictures of a running `npm start -- --demo`. Give it some
 * minutes first, or the last hour is empty.
 */
import { join } from "node:path";
import { chromium, type Page } from "playwright-core";
import { ROOT } from "../local/root.ts";

/** Two who want the last unit: for one it is held, the other sees that at once. */
async function orderLastUnit(page: Page): Promise<void> {
  const [ada, bob] = [page.frameLocator("iframe >> nth=0"), page.frameLocator("iframe >> nth=1")];
  for (const side of [ada, bob]) {
    const card = side.getByRole("listitem").filter({ hasText: "The only lamp" });
    await card.getByRole("button", { name: "Add to cart" }).click();
  }
  await ada.getByRole("button", { name: "Order", exact: true }).click();
  await bob.getByText("Sold out for now").first().waitFor();
  await bob.getByRole("button", { name: "Order", exact: true }).click();
  await bob.getByText(/somebody else has it/).waitFor();
  const lamp = bob.getByRole("listitem").filter({ hasText: "The only lamp" });
  await lamp.getByText("Sold out for now").waitFor();
  await ada.getByText("It is frozen while its order is paid.").waitFor();
}

/** Until there is something to see: counts have come, and some orders were told of while one looked. */
async function watchOrders(page: Page): Promise<void> {
  await page.getByRole("table", { name: /Latest orders/ }).waitFor();
  await page.waitForTimeout(60_000);
}

async function take(page: Page, name: string): Promise<void> {
  await page.screenshot({ path: join(ROOT, "docs", "pictures", `${name}.png`) });
}

const site = process.argv[2] ?? "http://localhost:3000";
const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
try {
  const page = await browser.newPage({ viewport: { width: 1200, height: 820 } });
  await page.goto(`${site}/console`);
  await watchOrders(page);
  await take(page, "console");
  await page.goto(`${site}/shop?two`);
  await page.setViewportSize({ width: 1200, height: 1240 });
  await orderLastUnit(page);
  await take(page, "two-shoppers");
} finally {
  await browser.close();
}
