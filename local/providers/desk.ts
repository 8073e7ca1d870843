/** The desk of the payment providers: their stand-ins side by side, what happens there by hand, and what they tell the shop. */
import { mercadopagoKeys, startMercadopago } from "./mercadopago.ts";
import { razorpayKeys, startRazorpay } from "./razorpay.ts";
import type { ListedPayment, ProviderAction, StandInDelivery } from "./stand-in.ts";
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

/** What a stack has to know to call the stand-ins. */
function createAccess(standIns: StandIns) {
  return {
    /** The settings by which a stack calls the stand-ins, but for providers that it is told to find elsewhere. */
    contextBeside: (context: Readonly<Record<string, unknown>>): Record<string, string> =>
      Object.fromEntries(
        names
          .map((name) => [`payment.${name}.baseUrl`, standIns[name].url] as const)
          .filter(([key]) => !(key in context)),
      ),

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

async function post(url: string, { body, headers }: StandInDelivery): Promise<number> {
  const { status } = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json", ...headers },
    body: new Uint8Array(body),
  });
  return status;
}

/** Makes the desk over stand-ins that run. */
function createDesk(standIns: StandIns) {
  const told: ToldWebhook[] = [];
  /** Webhooks of what is just happening by hand; what the shop itself causes is told as it comes. */
  let collected: { provider: PlayedName; delivery: StandInDelivery }[] | undefined;
  let shopUrl: string | undefined;

  function note(provider: PlayedName, answer: ToldWebhook["answer"]): ToldWebhook {
    const entry = { provider, atMs: Date.now(), answer };
    told.push(entry);
    if (told.length > mostTold) told.shift();
    return entry;
  }

  async function send(provider: PlayedName, delivery: StandInDelivery): Promise<ToldWebhook> {
    try {
      return note(provider, await post(`${shopUrl}/webhooks/${provider}`, delivery));
    } catch {
      return note(provider, "unreachable");
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

    /** All payments that the providers know, or those of one order. */
    list: (orderId?: string): DeskPayment[] =>
      list().filter(({ about }) => orderId === undefined || about.startsWith(orderId)),

    /** The last webhooks, the oldest first. */
    told: (): readonly ToldWebhook[] => told,

    /**
     * Makes something happen at a provider and tells the shop of it, one webhook after the other, or loses them.
     *
     * @throws CannotHappen
     */
    async act(provider: string, id: string, { action, amount, isLost }: Happening) {
      const payment = list().find((one) => one.provider === provider && one.id === id);
      if (!payment?.actions.includes(action)) {
        throw new CannotHappen(`${action} cannot happen to ${id} at ${provider} now`);
      }
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
          isLost ? note(event.provider, "lost") : await send(event.provider, event.delivery),
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

/** Starts every provider that can be played, each on a port of its own. */
export async function startDesk(): Promise<Desk> {
  const [stripe, razorpay, wompi, mercadopago] = await Promise.all([
    startStripe(),
    startRazorpay(),
    startWompi(),
    startMercadopago(),
  ]);
  return createDesk({ stripe, razorpay, wompi, mercadopago });
}
