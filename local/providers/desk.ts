/** The desk of the payment providers: their stand-ins side by side, what happens there by hand, and what they tell the shop. */
import { mercadopagoKeys, startMercadopago } from "./mercadopago.ts";
import { razorpayKeys, startRazorpay } from "./razorpay.ts";
import type { ListedPayment, ProviderAction, StandIn, StandInDelivery } from "./stand-in.ts";
import { startStripe, stripeKeys } from "./stripe.ts";
import { startWompi, wompiKeys } from "./wompi.ts";

const starters = {
  stripe: startStripe,
  razorpay: startRazorpay,
  wompi: startWompi,
  mercadopago: startMercadopago,
};

const keys = {
  stripe: stripeKeys,
  razorpay: razorpayKeys,
  wompi: wompiKeys,
  mercadopago: mercadopagoKeys,
};

/** A provider that is played here. */
type PlayedName = keyof typeof starters;

const names = Object.keys(starters) as PlayedName[];

/** One payment, and where it is. */
export interface DeskPayment extends ListedPayment {
  readonly provider: PlayedName;
}

/** A webhook, and what became of it: what the shop answered, or that it was lost. */
export interface ToldWebhook {
  readonly provider: PlayedName;
  /** The provider's own word for what it tells. */
  readonly type: string;
  readonly atMs: number;
  readonly answer: number | "lost" | "unreachable";
}

/** What somebody makes happen to a payment; an amount is in the provider's own units. */
export interface Happening {
  readonly action: ProviderAction;
  readonly amount?: number | undefined;
  /** Whatever would tell the shop of it gets lost. */
  readonly isLost?: boolean | undefined;
}

/** There is no such payment, or this cannot happen to it now; nothing has happened. */
export class CannotHappen extends Error {}

/** How many of the last webhooks are remembered. */
const mostTold = 50;

type StandIns = { readonly [Name in PlayedName]: Awaited<ReturnType<(typeof starters)[Name]>> };

/** What a stack and the stand-ins have to know of each other. */
function createAccess(standIns: StandIns) {
  return {
    /** The settings by which a stack calls the stand-ins, but for providers that it is told to find elsewhere. */
    contextBeside: (context: Readonly<Record<string, unknown>>): Record<string, string> =>
      Object.fromEntries(
        names
          .map((name) => [`payment.${name}.baseUrl`, standIns[name].url] as const)
          .filter(([key]) => !(key in context)),
      ),

    /** Hears what the shop has answered: where a shopper was sent to a page of Wompi's, that can be paid. */
    hear(body: string | Buffer): void {
      const answer = body.toString();
      if (!answer.includes(`${standIns.wompi.url}/p/`)) return;
      const { redirectUrl } = JSON.parse(answer) as { redirectUrl?: string };
      if (redirectUrl !== undefined) standIns.wompi.sendTo(redirectUrl);
    },

    /** What a secret of this name is to hold: the keys of the stand-in, where nobody has put in others. */
    keysBeside(secretName: string, current: string): string | undefined {
      const name = names.find((each) => secretName.toLowerCase().includes(each));
      if (!name) return undefined;
      const { webhookSecret: _random, ...filled } = JSON.parse(current) as Record<string, string>;
      const isEmpty = Object.values(filled).every((key) => key === "");
      return isEmpty ? JSON.stringify(keys[name]) : undefined;
    },
  };
}

/** What a webhook is called, wherever its provider writes that. */
function parseType({ body }: StandInDelivery): string {
  const { type, event } = JSON.parse(body.toString()) as { type?: string; event?: string };
  return type ?? event ?? "";
}

/** @throws CannotHappen for what this cannot happen to now, or not with this amount */
function checkPossible(
  { id, provider, actions, amount: whole, refunded }: DeskPayment,
  { action, amount }: Happening,
): void {
  if (!actions.includes(action)) {
    const possible = actions.join(", ") || "nothing";
    throw new CannotHappen(`${action} cannot happen to ${id} now; what can: ${possible}`);
  }
  const left = whole - refunded;
  if (action === "refund" && left <= 0) throw new CannotHappen("all of it went back already");
  if (amount === undefined) return;
  const isPaid = action === "pay" && provider === "razorpay";
  if (!isPaid && action !== "refund" && action !== "dispute") {
    throw new CannotHappen(`${action} at ${provider} takes no amount`);
  }
  if (!isPaid && amount > left) throw new CannotHappen(`amount: only ${left} are left`);
  if (provider === "wompi" && amount !== whole) {
    throw new CannotHappen("amount: wompi gives a payment back as a whole only");
  }
}

async function post(url: string, { body, headers }: StandInDelivery): Promise<number> {
  const { status } = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: new Uint8Array(body),
  });
  return status;
}

/** The last webhooks, the oldest first. */
function createToldBook() {
  const told: ToldWebhook[] = [];
  return {
    told: told as readonly ToldWebhook[],
    note(
      provider: PlayedName,
      delivery: StandInDelivery,
      answer: ToldWebhook["answer"],
    ): ToldWebhook {
      const entry = { provider, type: parseType(delivery), atMs: Date.now(), answer };
      told.push(entry);
      if (told.length > mostTold) told.shift();
      return entry;
    },
  };
}

/** Makes the desk over stand-ins that run. */
function createDesk(standIns: StandIns) {
  const { told, note } = createToldBook();
  /** Webhooks of what is just happening by hand; what the shop itself causes is told as it comes. */
  let collected: { provider: PlayedName; delivery: StandInDelivery }[] | undefined;
  let shopUrl: string | undefined;

  async function send(provider: PlayedName, delivery: StandInDelivery): Promise<ToldWebhook> {
    try {
      const answer = await post(`${shopUrl}/webhooks/${provider}`, delivery);
      return note(provider, delivery, answer);
    } catch {
      return note(provider, delivery, "unreachable");
    }
  }

  for (const provider of names) {
    standIns[provider].onEvent = (delivery) => {
      if (collected) collected.push({ provider, delivery });
      else if (shopUrl !== undefined) void send(provider, delivery);
    };
  }

  const list = (): DeskPayment[] =>
    names.flatMap((provider) => standIns[provider].list().map((one) => ({ provider, ...one })));

  return {
    ...createAccess(standIns),

    /** From now on webhooks go there. */
    open(url: string): void {
      shopUrl = url;
    },

    /** From now on requests to any provider fail as this says. */
    disturb(faultFor: StandIn["faultFor"]): void {
      for (const name of names) standIns[name].faultFor = faultFor;
    },

    /** All payments that the providers know, or those of one order. */
    list: (orderId?: string): DeskPayment[] =>
      list().filter(({ about }) => orderId === undefined || about.startsWith(orderId)),

    /** The last webhooks, the oldest first. */
    told: () => told,

    /**
     * Makes something happen at a provider and tells the shop of it, one webhook after the other, or loses them.
     *
     * @throws CannotHappen
     */
    async act(provider: string, id: string, happening: Happening) {
      const { action, amount, isLost } = happening;
      const payment = list().find((one) => one.provider === provider && one.id === id);
      if (!payment) throw new CannotHappen(`${provider} knows no payment ${id}`);
      checkPossible(payment, happening);
      const events: NonNullable<typeof collected> = [];
      collected = events;
      try {
        standIns[payment.provider].act(id, action, amount);
      } catch (error) {
        throw new CannotHappen((error as Error).message);
      } finally {
        collected = undefined;
      }
      const answers: ToldWebhook[] = [];
      for (const event of events) {
        answers.push(
          isLost
            ? note(event.provider, event.delivery, "lost")
            : await send(event.provider, event.delivery),
        );
      }
      return answers;
    },

    async stop(): Promise<void> {
      await Promise.all(names.map((name) => standIns[name].stop()));
    },
  };
}

/** The desk of the providers on this machine. */
export type Desk = ReturnType<typeof createDesk>;

/**
 * Starts every provider that can be played, each on a port of its own. They forget all when they stop, while orders may
 * be kept: their numbers go on from the clock, so that nothing new is called like something of before.
 */
export async function startDesk(): Promise<Desk> {
  const start = { firstNumber: Date.now() };
  const [stripe, razorpay, wompi, mercadopago] = await Promise.all([
    startStripe(start),
    startRazorpay(start),
    startWompi(start),
    startMercadopago(start),
  ]);
  return createDesk({ stripe, razorpay, wompi, mercadopago });
}
