/** What a provider over HTTP is made of. */
import type { Clock } from "../base/time.ts";
import type { Patience } from "./guard.ts";
import type { KeyReader } from "./provider.ts";

/** Keys, and for stand-ins and tests: where the provider's API is, how patient we are, what time it is. */
export interface ProviderOptions {
  readonly keys: KeyReader;
  readonly clock?: Clock;
  readonly baseUrl?: string | undefined;
  readonly patience?: Patience;
}
