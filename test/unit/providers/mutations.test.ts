/** A hundred thousand forged webhooks of each provider: none believed, none a fault, none in the database. */
import { afterAll, beforeAll, expect, it } from "vitest";
import { silentLogger } from "../../../shared/base/logger.ts";
import { epochMs } from "../../../shared/base/time.ts";
import { createPaymentService } from "../../../shared/payments/payment-service.ts";
import {
  BadSignature,
  type ProviderName,
  type Providers,
  type WebhookDelivery,
} from "../../../shared/providers/provider.ts";
import { createMercadopago } from "../../../shared/providers/mercadopago.ts";
import { createRazorpay } from "../../../shared/providers/razorpay.ts";
import { createSandbox, signSandboxEvent } from "../../../shared/providers/sandbox.ts";
import { createStripe } from "../../../shared/providers/stripe.ts";
import { createWompi, makeWompiReference } from "../../../shared/providers/wompi.ts";
import { createDatabase, type DocumentClient } from "../../../shared/table/database.ts";
import { type Random, seededRandom } from "../../sim/random.ts";
import {
  mercadopagoDelivery,
  mercadopagoKeys,
  type MercadopagoStandIn,
  startMercadopago,
} from "../../../local/providers/mercadopago.ts";
import { hmac, razorpayDelivery, razorpayKeys } from "../../../local/providers/razorpay.ts";
import { signStripe, stripeDelivery, stripeKeys } from "../../../local/providers/stripe.ts";
import {
  startWompi,
  wompiDelivery,
  wompiEvent,
  wompiKeys,
  type WompiStandIn,
} from "../../../local/providers/wompi.ts";
import { effort } from "../../support/effort.ts";

const wanted = effort({ part: 2_000, all: 100_000 });
const nowMs = 1_800_000_000_000;
const clock = () => epochMs(nowMs);
const orderId = "ord_0123456789abcdefghijkl";
const sandboxKeys = { webhookSecret: Buffer.alloc(33, 9).toString("base64") };

let requests = 0;
const client = {
  async send() {
    requests += 1;
    return {};
  },
} as unknown as DocumentClient;

let wompi: WompiStandIn;
let mercadopago: MercadopagoStandIn;
let receive: (name: ProviderName, delivery: WebhookDelivery) => Promise<unknown>;

beforeAll(async () => {
  [wompi, mercadopago] = await Promise.all([startWompi(), startMercadopago()]);
  const database = createDatabase({ client, tableName: (table) => table });
  const providers: Providers = {
    stripe: createStripe({ keys: async () => [stripeKeys], clock }),
    razorpay: createRazorpay({ keys: async () => [razorpayKeys], clock }),
    wompi: createWompi({ keys: async () => [wompiKeys], clock, baseUrl: wompi.url }),
    mercadopago: createMercadopago({
      keys: async () => [mercadopagoKeys],
      clock,
      baseUrl: mercadopago.url,
    }),
    sandbox: createSandbox({ keys: async () => [sandboxKeys], clock }),
  };
  const parts = { database, providers, clock, logger: silentLogger };
  const { receive: take } = createPaymentService({ ...parts, alarm: () => {} } as never);
  receive = take;
});

afterAll(() => Promise.all([wompi.stop(), mercadopago.stop()]));

type Mutator = (genuine: WebhookDelivery, random: Random) => WebhookDelivery;

const splice = (bytes: Buffer, at: number, removed: number, ...added: number[]): Buffer =>
  Buffer.concat([bytes.subarray(0, at), Buffer.from(added), bytes.subarray(at + removed)]);

/** Changes to any bytes: what a wrong proxy does, and what an attacker tries. */
const byteChanges: readonly ((bytes: Buffer, random: Random) => Buffer)[] = [
  (bytes, random) => {
    const at = random.int(0, bytes.length - 1);
    return splice(bytes, at, 1, bytes[at]! ^ (1 << random.int(0, 7)));
  },
  (bytes, random) => splice(bytes, random.int(0, bytes.length), 0, random.int(0, 255)),
  (bytes, random) => splice(bytes, random.int(0, bytes.length - 1), 1),
  (bytes, random) => bytes.subarray(0, random.int(0, bytes.length - 1)),
  (bytes, random) => {
    const at = random.int(0, bytes.length - 2);
    return splice(bytes, at, 2, bytes[at + 1]!, bytes[at]!);
  },
  (bytes) => Buffer.concat([bytes, bytes]),
  (bytes) => Buffer.concat([Buffer.from([0xef, 0xbb, 0xbf]), bytes]),
  (bytes, random) => {
    const digits = [...bytes.toString("latin1").matchAll(/\d/g)];
    const at = random.pick(digits).index;
    return splice(bytes, at, 1, 0x30 + ((bytes[at]! - 0x30 + random.int(1, 9)) % 10));
  },
];

const changedBody: Mutator = (genuine, random) => ({
  ...genuine,
  body: random.pick(byteChanges)(genuine.body, random),
});

/** A header without, with less, twice, in capitals, or with one character changed. */
function changedHeader(
  name: string,
  part: (value: string) => [before: string, core: string],
): Mutator {
  return ({ body, headers }, random) => {
    const [before, core] = part(headers[name]!);
    const changes = [
      () => undefined,
      () => "",
      () => before + core.slice(0, random.int(0, core.length - 1)),
      () => before + core.slice(random.int(1, core.length)),
      () => before + core + core,
      () => before + core.toUpperCase(),
      () => core,
      () => {
        const at = random.int(0, core.length - 1);
        const other = random.pick([..."0123456789abcdefGZ-_ \u0000é"]);
        return before + core.slice(0, at) + other + core.slice(at + random.int(0, 1));
      },
    ];
    return { body, headers: { ...headers, [name]: random.pick(changes)() } };
  };
}

const otherSecret = (random: Random, secret: string): string =>
  secret.slice(0, random.int(0, secret.length - 1)) + random.int(0, 1e9).toString(36);

/** Seconds that are just, or by far, outside the tolerance. */
const farOff = (random: Random): number =>
  random.pick([-1, 1]) * random.pick([301, 302, 3_600, 86_400, 1_000_000_000]) * 1_000;

interface Case {
  readonly name: ProviderName;
  readonly genuine: () => WebhookDelivery;
  readonly mutators: readonly Mutator[];
  /** What the provider looks at; a mutation that leaves all of this alone is none. */
  readonly meaning?: (delivery: WebhookDelivery) => string;
}

const intent = {
  id: "pi_1",
  amount: 500,
  amount_received: 500,
  currency: "eur",
  metadata: { orderId },
};
const stripeAt = (atMs: number) =>
  stripeDelivery("payment_intent.succeeded", intent, { atMs, id: "evt_1" });

const stripeCase: Case = {
  name: "stripe",
  genuine: () => stripeAt(nowMs),
  mutators: [
    changedBody,
    changedHeader("stripe-signature", (value) => [value.slice(0, -64), value.slice(-64)]),
    changedHeader("stripe-signature", (value) => ["", value]),
    (_, random) => stripeAt(nowMs + farOff(random)),
    ({ body, headers }, random) => {
      const moved = `t=${nowMs / 1000 + random.int(1, 299)}`;
      const signature = headers["stripe-signature"]!.replace(/^t=\d+/, moved);
      return { body, headers: { "stripe-signature": signature } };
    },
    ({ body }, random) => {
      const secret = otherSecret(random, stripeKeys.webhookSecret);
      return { body, headers: { "stripe-signature": signStripe(body.toString(), secret, nowMs) } };
    },
    ({ body, headers }, random) => {
      const scheme = random.pick(["v0", "v2", "V1", "v1 ", "v01", "x"]);
      const signature = headers["stripe-signature"]!.replace("v1", scheme);
      return { body, headers: { "stripe-signature": signature } };
    },
  ],
};

const payment = {
  id: "pay_1",
  amount: 500,
  amount_refunded: 0,
  currency: "INR",
  order_id: "order_1",
  notes: { orderId },
};

const razorpayCase: Case = {
  name: "razorpay",
  genuine: () => razorpayDelivery("payment.captured", { payment }),
  mutators: [
    changedBody,
    changedHeader("x-razorpay-signature", (value) => ["", value]),
    ({ body }, random) => {
      const secret = otherSecret(random, razorpayKeys.webhookSecret);
      return { body, headers: { "x-razorpay-signature": hmac(body.toString(), secret) } };
    },
  ],
};

const sandboxAt = (atMs: number, keys = sandboxKeys): WebhookDelivery => {
  const data = { orderId, transactionId: "t", paymentId: "t", amountMinor: 5, currency: "EUR" };
  const message = { id: "msg_1", at: new Date(atMs) };
  const signed = signSandboxEvent(keys, { type: "payment.captured", data }, message);
  return { body: Buffer.from(signed.body), headers: signed.headers };
};

const sandboxCase: Case = {
  name: "sandbox",
  genuine: () => sandboxAt(nowMs),
  mutators: [
    changedBody,
    changedHeader("webhook-signature", (value) => ["v1,", value.slice(3)]),
    changedHeader("webhook-id", (value) => ["", value]),
    changedHeader("webhook-timestamp", (value) => ["", value]),
    (_, random) => sandboxAt(nowMs + farOff(random)),
    (_, random) =>
      sandboxAt(nowMs, { webhookSecret: Buffer.alloc(33, random.int(10, 255)).toString("base64") }),
  ],
  // A space after a signature ends a list of one.
  meaning: ({ body, headers }) => {
    const { "webhook-signature": signature = "" } = headers;
    const list = signature.split(" ").filter((part) => part !== "");
    return JSON.stringify([body.toString("latin1"), { ...headers, "webhook-signature": list }]);
  },
};

const transaction = () => wompi.transactions.get("1-1-1001")!;
const wompiMutation = (change: (event: ReturnType<typeof wompiEvent>, random: Random) => void) =>
  ((_, random) => {
    const event = wompiEvent(transaction());
    change(event, random);
    return wompiDelivery(event);
  }) satisfies Mutator;

/** These keep the checksum right and reach Wompi's API, so there are fewer of them. */
const unsignedChanges: readonly Mutator[] = [
  wompiMutation(({ data }, random) => {
    data.transaction.reference = makeWompiReference(`ord_${random.int(0, 1e9)}`);
  }),
  wompiMutation(({ data }, random) => {
    data.transaction.currency = random.pick(["USD", "EUR", "cop"]);
  }),
  // The amount takes a digit of the timestamp: what is signed stays the same text.
  wompiMutation((event) => {
    event.data.transaction.amount_in_cents = Number(`${event.data.transaction.amount_in_cents}1`);
    event.timestamp = Number(String(event.timestamp).slice(1));
  }),
  wompiMutation((event, random) => {
    event.event = random.pick(["nequi_token.updated", "transaction.created", ""]);
  }),
];

const wompiCase: Case = {
  name: "wompi",
  genuine: () => wompiDelivery(wompiEvent(transaction())),
  mutators: [
    changedBody,
    changedBody,
    changedHeader("x-event-checksum", (value) => ["", value]),
    wompiMutation((event, random) => {
      event.timestamp += random.int(1, 1e6);
    }),
    wompiMutation((event, random) => {
      event.signature.properties = random.pick([
        [],
        ["transaction.id"],
        ["transaction.status", "transaction.id", "transaction.amount_in_cents"],
        ["transaction.__proto__", "transaction.id"],
        ["constructor.name"],
      ]);
    }),
    (_, random) =>
      wompiDelivery(
        wompiEvent(transaction(), { secret: otherSecret(random, wompiKeys.webhookSecret) }),
      ),
    (genuine, random) =>
      random.chance(0.05)
        ? random.pick(unsignedChanges)(genuine, random)
        : changedBody(genuine, random),
  ],
  meaning: ({ body, headers }) => {
    const parsed = (() => {
      try {
        const event = JSON.parse(body.toString());
        const { id, status, amount_in_cents: amount, reference, currency } = event.data.transaction;
        const { properties, checksum } = event.signature;
        const signed = [properties, String(checksum).toLowerCase(), event.timestamp];
        return [event.event, id, status, amount, reference, currency, ...signed];
      } catch {
        return [body.toString("latin1")];
      }
    })();
    return JSON.stringify([parsed, headers["x-event-checksum"]?.toLowerCase() ?? parsed.at(-2)]);
  },
};

const mercadopagoPaymentId = 77_000_001;

/** What Mercado Pago signs is the payment's id, the request's and the time; the rest of the body is only read. */
const mercadopagoCase: Case = {
  name: "mercadopago",
  genuine: () => mercadopagoDelivery(mercadopagoPaymentId, { requestId: "request-1", atMs: nowMs }),
  mutators: [
    changedBody,
    changedHeader("x-signature", (value) => ["", value]),
    changedHeader("x-signature", (value) => [value.slice(0, -64), value.slice(-64)]),
    changedHeader("x-request-id", (value) => ["", value]),
    (_, random) => mercadopagoDelivery(random.int(1, 1e9), { secret: "", requestId: "request-1" }),
    (genuine, random) => ({
      ...genuine,
      body: mercadopagoDelivery(random.int(1, 1e9)).body,
    }),
    (_, random) =>
      mercadopagoDelivery(mercadopagoPaymentId, {
        secret: otherSecret(random, mercadopagoKeys.webhookSecret),
        requestId: "request-1",
      }),
  ],
  meaning: ({ body, headers }) => {
    // Of what stands twice, the last counts: a genuine signature behind another is still genuine.
    const pairs = (headers["x-signature"] ?? "").split(",").map((pair) => {
      const [name = "", ...rest] = pair.split("=");
      return [name.trim(), rest.join("=").trim()] as const;
    });
    const { ts, v1 } = Object.fromEntries(pairs) as Record<string, string | undefined>;
    const [signature, request] = [[ts, v1], headers["x-request-id"]?.trim()];
    try {
      const { id } = JSON.parse(body.toString()).data;
      return JSON.stringify([String(id).toLowerCase(), signature, request]);
    } catch {
      return JSON.stringify([body.toString("latin1"), signature, request]);
    }
  },
};

const exact = ({ body, headers }: WebhookDelivery): string =>
  JSON.stringify([body.toString("latin1"), headers]);

async function outcomeOf(name: ProviderName, delivery: WebhookDelivery): Promise<string> {
  try {
    await receive(name, delivery);
    return "accepted";
  } catch (error) {
    return error instanceof BadSignature ? "refused" : `fault: ${String(error)}`;
  }
}

it.each([stripeCase, razorpayCase, wompiCase, mercadopagoCase, sandboxCase])(
  "of thousands of forged webhooks of $name none is believed",
  { timeout: 3_000_000 },
  async ({ name, genuine, mutators, meaning = exact }) => {
    if (name === "wompi") {
      const money = { amountMinor: 5_000, currency: "COP" };
      wompi.checkOut(makeWompiReference(orderId), money, "APPROVED", "1-1-1001");
    }
    if (name === "mercadopago") {
      const about = { reference: orderId, amount: 50, currency: "BRL" };
      mercadopago.pay(about, "approved", mercadopagoPaymentId);
    }
    const random = seededRandom(20_261_122);
    const original = genuine();
    const meant = meaning(original);
    requests = 0;
    expect(await outcomeOf(name, original)).not.toBe("refused");
    expect(requests).toBeGreaterThan(0);
    requests = 0;
    const believed: string[] = [];
    let count = 0;
    while (count < wanted) {
      const forged = random.pick(mutators)(original, random);
      if (meaning(forged) === meant) continue;
      count += 1;
      const outcome = await outcomeOf(name, forged);
      if (outcome !== "refused") believed.push(`${outcome}: ${exact(forged)}`);
    }
    expect(believed).toEqual([]);
    expect(requests).toBe(0);
    console.log(`${name}: ${count} forged webhooks refused, 0 DynamoDB requests`);
  },
);
