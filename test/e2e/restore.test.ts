/** A shop that is lost in the middle of its sales comes back, as docs/restore.md has it and the drill tries it. */
import { expect, inject, it } from "vitest";
import { tryRestore } from "../../scripts/drill/restore-drill.ts";

it("all tables lost: restored, mended, adopted by a setting, and reconciled with the provider @long", async () => {
  const said: string[] = [];
  const dynamoDbEndpoint = inject("dynamoDbEndpoint");
  await tryRestore({ dynamoDbEndpoint, say: (text) => said.push(text) });
  expect(said).toContain("stock follows the orders again: drill-mug");
}, 400_000);
