/** Wompi on this machine: its checkout page, its API and its events, played by a test or by hand. */
import {
  type ListedPayment,
  type Now,
  ok,
  type PlayableStandIn,
  type ProviderAction,
  type StandInAnswer,
  type StandInRequest,
  type StandInStart,
  startStandIn,
} from "./stand-in.ts";
import { createAccount, sha256, type WompiEntity, wompiKeys } from "./wompi-account.ts";

export { wompiDelivery, wompiEvent, wompiKeys } from "./wompi-account.ts";

const possibleActions: Readonly<Record<string, readonly ProviderAction[]>> = {
  PENDING: ["pay", "fail"],
  APPROVED: ["refund"],
};

type Account = ReturnType<typeof createAccount>;

function listTransactions({ transactions }: Account, query: URLSearchParams): StandInAnswer {
  const reference = query.get("reference");
  const from = query.get("from_date") ?? "";
  const until = query.get("until_date");
  const found = [...transactions.values()].filter(
    (each) =>
      (reference === null || each.reference === reference) &&
      each.created_at.slice(0, 10) >= from.slice(0, 10) &&
      (until === null || each.created_at.slice(0, 10) <= until.slice(0, 10)),
  );
  const size = Number(query.get("page_size") ?? 30);
  const start = (Number(query.get("page") ?? 1) - 1) * size;
  const data = found.slice(start, start + size);
  return ok({ data, meta: { total_results: found.length } });
}

/** The web checkout: it opens only what was signed, and only until it expires. */
function openCheckout(
  { transactions, checkOut }: Account,
  query: URLSearchParams,
  nowMs: number,
): StandInAnswer {
  const [reference = "", amount = "", currency = "", expiration = "", signature = ""] = [
    "reference",
    "amount-in-cents",
    "currency",
    "expiration-time",
    "signature:integrity",
  ].map((name) => query.get(name) ?? "");
  const signed = sha256(reference + amount + currency + expiration + wompiKeys.integritySecret);
  const wrong =
    signature !== signed
      ? "The signature is invalid"
      : Date.parse(expiration) <= nowMs
        ? "This checkout has expired"
        : Number(amount) % 100 !== 0 || Number(amount) < 150_000
          ? "The amount is invalid"
          : undefined;
  if (wrong) return { status: 422, body: { error: { reason: wrong } } };
  const open = [...transactions.values()].find((each) => each.reference === reference);
  const made = open ?? checkOut(reference, { amountMinor: Number(amount), currency }, "PENDING");
  const text = `Transaction ${made.id} for ${reference}: ${made.status}. Play it at /_local/providers.`;
  return { status: 200, body: `<!doctype html><p>${text}</p>`, type: "text/html" };
}

/** Pages that shoppers were sent to; Wompi hears of one only when it is opened. */
function createPages(account: Account, now: Now) {
  const pages = new Map<string, URLSearchParams>();
  const find = (reference: string): WompiEntity | undefined =>
    [...account.transactions.values()].find((each) => each.reference === reference);
  return {
    /** A shopper was sent to this page. */
    sendTo(address: string): void {
      const query = new URL(address).searchParams;
      pages.set(query.get("reference") ?? "", query);
    },
    listUnopened: (): ListedPayment[] =>
      [...pages]
        .filter(([reference]) => !find(reference))
        .map(([reference, query]) => {
          const isOver = Date.parse(query.get("expiration-time") ?? "") <= now();
          const amount = Number(query.get("amount-in-cents"));
          return {
            id: reference,
            about: reference,
            amount,
            currency: query.get("currency") ?? "",
            status: isOver ? "closed" : `not opened, ${(amount / 100).toFixed(2)}`,
            refunded: 0,
            actions: isOver ? [] : ["pay", "fail", "process"],
          };
        }),
    /** The transaction by its id, or that of the page by this reference, which is opened. */
    open(id: string): WompiEntity | undefined {
      const page = pages.get(id);
      if (page) openCheckout(account, page, now());
      return account.transactions.get(id) ?? find(id);
    },
  };
}

/** Starts the stand-in; money is in `transactions`, voided once at the most. */
export async function startWompi({ now = Date.now, firstNumber = 0 }: StandInStart = {}) {
  const standIn = await startStandIn(answer);
  const account = createAccount(now, (delivery) => standIn.onEvent(delivery), firstNumber);
  const { transactions, voided, move, checkOut } = account;
  const pages = createPages(account, now);

  function answer({ method, path, headers, query, body }: StandInRequest): StandInAnswer {
    if (path === "/p/") return openCheckout(account, query, now());
    if (headers.authorization !== `Bearer ${wompiKeys.privateKey}`)
      return { status: 401, body: {} };
    const [, , id = "", action] = path.split("/");
    if (!id) return listTransactions(account, query);
    const transaction = transactions.get(decodeURIComponent(id));
    if (!transaction) return { status: 404, body: { error: { type: "NOT_FOUND_ERROR" } } };
    if (method === "POST" && action === "void") return account.voidTransaction(transaction, body);
    return ok({ data: { ...transaction } });
  }

  return Object.assign(standIn, {
    transactions,
    countVoided: () => voided.size,
    isVoided: (id: string) => voided.has(id),
    /** A shopper uses a checkout page; nothing is told of it. */
    checkOut,
    /** Wompi decides about a transaction, and tells. */
    move,
    sendTo: pages.sendTo,
    list: (): ListedPayment[] => [
      ...pages.listUnopened(),
      ...[...transactions.values()].map(({ id, reference, amount_in_cents, currency, status }) => ({
        id,
        about: reference,
        amount: amount_in_cents,
        currency,
        status: `${status}, ${(amount_in_cents / 100).toFixed(2)}`,
        refunded: status === "VOIDED" ? amount_in_cents : 0,
        actions: possibleActions[status] ?? [],
      })),
    ],
    act(id: string, action: ProviderAction) {
      const transaction = pages.open(id);
      // A bank that is at work is no news: Wompi tells only of what is decided.
      if (action === "process" && transaction?.status === "PENDING") return;
      const [status] = { pay: ["APPROVED"], fail: ["DECLINED"], refund: ["VOIDED"] }[
        action as "pay"
      ] ?? [undefined];
      if (!transaction || !status) throw new Error(`This cannot happen to ${id}`);
      move(transaction, status);
    },
  }) satisfies PlayableStandIn;
}

/** Wompi's stand-in. */
export type WompiStandIn = Awaited<ReturnType<typeof startWompi>>;
