/** Changes of an endpoint, whoever else changes it meanwhile. */
import { again, OnceMore } from "../base/again.ts";
import { WebhookMoved } from "./webhook.ts";

/** So many others may change an endpoint in between. */
const mostRivals = 5;

/** Again from what is there now, when somebody else was first. */
export function persisting<T>(attempt: () => Promise<T>): Promise<T> {
  return again<T>(mostRivals, () =>
    attempt().catch((error: unknown) => {
      if (error instanceof WebhookMoved) return new OnceMore(error);
      throw error;
    }),
  );
}
