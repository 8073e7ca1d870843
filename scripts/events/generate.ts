/** Writes `docs/asyncapi.json` and `docs/events/` from the contract: run `node scripts/events/generate.ts` after changing an event. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAsyncApi } from "../../shared/api/asyncapi.ts";
import { eventExamples } from "./examples.ts";
import { eventIndex, eventPage, pageName } from "./pages.ts";

const docs = join(import.meta.dirname, "../../docs");

/** The AsyncAPI document's text; a test compares it with what is there. */
export const asyncApiText = (): string => `${JSON.stringify(createAsyncApi(), undefined, 2)}\n`;

if (import.meta.main) {
  writeFileSync(join(docs, "asyncapi.json"), asyncApiText());
  mkdirSync(join(docs, "events"), { recursive: true });
  writeFileSync(join(docs, "events", "README.md"), await eventIndex());
  for (const type of eventExamples.keys())
    writeFileSync(join(docs, "events", pageName(type)), await eventPage(type));
}
