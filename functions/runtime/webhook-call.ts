/**
 * Calls an endpoint of somebody else's: once, without redirects, within five seconds, and only at an address of the
 * internet. The address that is checked is the one that is called: names are looked up here, and by nobody else.
 */
import { lookup as lookUp, type LookupAddress } from "node:dns";
import { request as requestHttps } from "node:https";
import type { LookupFunction } from "node:net";
import { secondsToMs } from "../../shared/base/time.ts";
import { type AddressRules, isAllowedAddress, readAddress } from "../../shared/webhooks/address.ts";
import { keptAnswerBytes, type Outcome, type WebhookCall } from "../../shared/webhooks/webhook.ts";
import { env } from "./env.ts";

/** A call takes no longer than this, with everything. */
const callMs = 5_000;

/** On AWS nobody has a server on the same machine: what answers there is Lambda's own. */
const isOnAws = env.API_URL.startsWith("https:");
const rules: AddressRules = { production: env.PRODUCTION === "on" || isOnAws };

/** What endpoints are kept by. */
export const webhookSettings = {
  rules,
  overlapMs: secondsToMs(env.SECRET_OVERLAP_HOURS * 3_600),
} as const;

/** Looks a name up, and gives out its addresses only if every one may be called. */
function makeLookup(given: AddressRules, resolve: typeof lookUp): LookupFunction {
  return (hostname, options, callback) => {
    resolve(hostname, { ...options, all: true }, (error, addresses: LookupAddress[]) => {
      const [first] = addresses ?? [];
      const isFine = (addresses ?? []).every(({ address }) => isAllowedAddress(address, given));
      if (error || !first) callback(error ?? new Error("The name has no address"), "", 0);
      else if (!isFine) callback(new Error("The name stands for an inner address"), "", 0);
      else if (options.all) callback(null, addresses);
      else callback(null, first.address, first.family);
    });
  };
}

/** The rules that a call follows, and where names are looked up. */
export interface Calling {
  readonly rules: AddressRules;
  readonly resolve?: typeof lookUp;
}

/** Without encryption only where rules say so, on a developer's machine: `node:http` takes as long to read as all of zod. */
async function pickRequest({ protocol }: URL): Promise<typeof requestHttps> {
  return protocol === "https:" ? requestHttps : (await import("node:http")).request;
}

async function send(
  url: URL,
  { headers, body }: WebhookCall,
  lookup: LookupFunction,
): Promise<Outcome> {
  const request = await pickRequest(url);
  return new Promise((settle, fail) => {
    const signal = AbortSignal.timeout(callMs);
    const length = { "content-length": String(Buffer.byteLength(body)) };
    const given = { method: "POST", headers: { ...headers, ...length }, lookup, signal };
    // No connection is kept: the next call checks its own.
    const sent = request(url, { ...given, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      const finish = (): void => {
        const text = Buffer.concat(parts).subarray(0, keptAnswerBytes).toString().toWellFormed();
        settle({ answered: response.statusCode ?? 0, ...(text ? { answer: text } : {}) });
        response.destroy();
      };
      response.on("data", (part: Buffer) => {
        parts.push(part);
        size += part.length;
        if (size >= keptAnswerBytes) finish();
      });
      response.on("end", finish);
      response.on("error", fail);
    });
    sent.on("error", fail);
    sent.end(body);
  });
}

function explain(error: unknown): string {
  const { name, message } = error as Error;
  if (name === "AbortError" || name === "TimeoutError") return "No answer within 5 seconds";
  return message.slice(0, 200);
}

/** Makes what calls endpoints. It never throws: why there was no answer is told. */
export function createWebhookCalls({ rules: given, resolve = lookUp }: Calling) {
  const lookup = makeLookup(given, resolve);
  return async (call: WebhookCall): Promise<Outcome> => {
    const read = readAddress(call.url, given);
    if ("objection" in read) return { problem: `The address ${read.objection}` };
    try {
      return await send(read.url, call, lookup);
    } catch (error) {
      return { problem: explain(error) };
    }
  };
}

/** Calls an endpoint as this stage may. */
export const callWebhook = createWebhookCalls({ rules });
