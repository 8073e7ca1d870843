/** A server whose payment providers are stand-ins on this machine, with their keys in its secrets. */
import { startServer, type TestServer } from "../server.ts";
import { type Bench, startBench } from "./bench.ts";
import { mercadopagoKeys } from "../../../local/providers/mercadopago.ts";
import { razorpayKeys } from "../../../local/providers/razorpay.ts";
import { stripeKeys } from "../../../local/providers/stripe.ts";
import { wompiKeys } from "../../../local/providers/wompi.ts";

const keys = {
  stripe: stripeKeys,
  razorpay: razorpayKeys,
  wompi: wompiKeys,
  mercadopago: mercadopagoKeys,
};

/** The providers that are somebody else's. */
export const realProviders = Object.keys(keys) as (keyof typeof keys)[];

/** As during a rotation: what is signed with the version before is still genuine. */
export function giveKeys(server: TestServer, name: (typeof realProviders)[number]): void {
  const secretName = Object.keys(server.secrets.list()).find((each) =>
    each.toLowerCase().includes(name),
  );
  const rotated = { ...keys[name], webhookSecret: "the next one" };
  const versions = { current: JSON.stringify(rotated), previous: JSON.stringify(keys[name]) };
  if (!server.secrets.set(secretName ?? name, versions)) throw new Error(`No secret of ${name}`);
}

/** Starts both, nothing swept. Stop them with `stop`. */
export async function startPayingServer(
  context: Record<string, string> = {},
  given: { readonly now?: () => number } = {},
): Promise<{ bench: Bench; server: TestServer; stop(): Promise<void> }> {
  const bench = await startBench(given);
  try {
    const baseUrls = realProviders.map((name) => [`payment.${name}.baseUrl`, bench[name].url]);
    const server = await startServer({
      context: { sweep: "off", ...Object.fromEntries(baseUrls), ...context },
    });
    for (const name of realProviders) giveKeys(server, name);
    return {
      bench,
      server,
      async stop() {
        await server.stop();
        await bench.stop();
      },
    };
  } catch (error) {
    await bench.stop();
    throw error;
  }
}
