/** Writes `docs/asyncapi.json` from the contract: run `node scripts/events/generate.ts` after changing an event. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createAsyncApi } from "../../shared/api/asyncapi.ts";

/** Where the document is kept. */
const asyncApiFile = join(import.meta.dirname, "../../docs/asyncapi.json");

/** Its text; a test compares it with what is there. */
export const asyncApiText = (): string => `${JSON.stringify(createAsyncApi(), undefined, 2)}\n`;

if (import.meta.main) writeFileSync(asyncApiFile, asyncApiText());
