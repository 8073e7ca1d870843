/** The calls to Wompi's REST API that we need, guarded and with tidy errors. */
import { currencyCode, foreignId } from "./foreign.ts";
import * as z from "zod";
import type { Guard } from "./guard.ts";
import { ProviderFailed } from "./provider.ts";
import type { ProviderOptions } from "./provider-options.ts";

const entity = z.object({
  id: foreignId,
  reference: foreignId,
  amount_in_cents: z.int(),
  currency: currencyCode,
  status: z.string(),
});
const transactionSchema = z.object({ data: entity });
const listSchema = z.object({ data: z.array(entity) });

/** A transaction as Wompi tells it. */
export type WompiTransaction = z.infer<typeof entity>;

/** Keys for trying out start otherwise than those for real money, and belong to another host. */
function pickHost(publicKey: string): string {
  const name = publicKey.startsWith("pub_prod_") ? "production" : "sandbox";
  return `https://${name}.wompi.co/v1`;
}

const reasons: Readonly<Record<number, string>> = { 404: "not_found", 422: "refused" };

function failed(status: number): ProviderFailed {
  const retriable = status >= 500 || status === 429;
  return new ProviderFailed("wompi", reasons[status] ?? `http_${status}`, retriable);
}

/** Makes the calls. Every one throws `ProviderFailed` and nothing else. */
export function createWompiApi({ keys, baseUrl }: ProviderOptions, guard: Guard) {
  function call(path: string, request: { method?: string; body?: string } = {}): Promise<unknown> {
    return guard(async (signal) => {
      const [{ publicKey = "", privateKey }] = await keys();
      if (!privateKey) throw new ProviderFailed("wompi", "not_configured", false);
      const url = `${(baseUrl ?? pickHost(publicKey)).replace(/\/$/, "")}${path}`;
      const headers = { authorization: `Bearer ${privateKey}`, "content-type": "application/json" };
      const response = await fetch(url, { ...request, headers, signal });
      if (response.ok) return response.json();
      await response.body?.cancel();
      throw failed(response.status);
    });
  }

  return {
    async fetchTransaction(id: string): Promise<WompiTransaction> {
      const answer = transactionSchema.safeParse(
        await call(`/transactions/${encodeURIComponent(id)}`),
      );
      if (answer.success) return answer.data.data;
      throw new ProviderFailed("wompi", "unreadable", true);
    },
    /** Every attempt to pay a reference. */
    async listTransactions(reference: string): Promise<WompiTransaction[]> {
      const query = new URLSearchParams({ reference });
      const answer = listSchema.safeParse(await call(`/transactions?${query}`));
      if (answer.success) return answer.data.data;
      throw new ProviderFailed("wompi", "unreadable", true);
    },
    /** 100 transactions of the days between two dates (`2026-01-31`), counting pages from 1. */
    async listDays(from: string, until: string, page: number): Promise<WompiTransaction[]> {
      const query = new URLSearchParams({
        from_date: from,
        until_date: until,
        page: String(page),
        page_size: "100",
      });
      const answer = listSchema.safeParse(await call(`/transactions?${query}`));
      if (answer.success) return answer.data.data;
      throw new ProviderFailed("wompi", "unreadable", true);
    },
    /** Gives an approved card payment back; other ways to pay cannot be voided. */
    async voidTransaction(id: string, amountMinor: number): Promise<void> {
      const body = JSON.stringify({ amount_in_cents: amountMinor });
      await call(`/transactions/${encodeURIComponent(id)}/void`, { method: "POST", body });
    },
  };
}

/** See `createWompiApi`. */
export type WompiApi = ReturnType<typeof createWompiApi>;
