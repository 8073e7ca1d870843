/** Whether a webhook's call is ours: against the vector of Standard Webhooks, its own library, and whoever tampers. */
import { Webhook as Signer } from "standardwebhooks";
import { describe, expect, test } from "vitest";
import { createClient } from "../../../client/index.ts";
import { type CallHeaders, verifyEvent } from "../../../client/verify-event.ts";

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
const other = `whsec_${btoa("another secret of 32 bytes, say!")}`;
const atSeconds = 1_614_265_330;
const nowMs = atSeconds * 1_000;
const id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
const body = '{"test": 2432232314}';
/** Of the reference implementations of Standard Webhooks. */
const vector = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";

const headersOf = (signature: string, seconds: number | string = atSeconds) => ({
  "webhook-id": id,
  "webhook-timestamp": String(seconds),
  "webhook-signature": signature,
});

const sign = (text: string, by = secret, seconds = atSeconds): string =>
  new Signer(by).sign(id, new Date(seconds * 1_000), text);

const check = (
  headers: CallHeaders,
  text: string | Uint8Array = body,
  by: string | string[] = secret,
) => verifyEvent(text, headers, by, { nowMs });

test("the published vector is taken, as text, as bytes, and with headers of every kind", async () => {
  const plain = headersOf(vector);
  const upper = Object.fromEntries(
    Object.entries(plain).map(([name, value]) => [name.toUpperCase(), [value]]),
  );
  for (const headers of [plain, new Headers(plain), upper]) {
    for (const text of [body, new TextEncoder().encode(body), Buffer.from(body)]) {
      expect(await check(headers, text)).toEqual({ test: 2_432_232_314 });
    }
  }
  expect(sign(body)).toBe(vector);
});

test("what its library signs is taken, whatever is in it, and what is changed is not", async () => {
  for (const text of ["{}", JSON.stringify({ name: "Zoë 🪑", at: "a.b.c" }), '"x"', "1"]) {
    expect(await check(headersOf(sign(text)), text)).toEqual(JSON.parse(text));
    await expect(check(headersOf(sign(text)), `${text} `)).rejects.toThrow("signature");
  }
});

test("one signature of several has to fit one of the secrets, on either side of a change", async () => {
  const both = `${sign(body, other)} ${vector}`;
  for (const by of [secret, other, [secret, other], [`whsec_${btoa("older")}`, other]]) {
    expect(await check(headersOf(both), body, by)).toBeDefined();
  }
  await expect(check(headersOf(sign(body, other)))).rejects.toMatchObject({ reason: "signature" });
});

describe("a call is not trusted", () => {
  const doubts: [why: string, headers: CallHeaders, reason: string][] = [
    ["without an id", { ...headersOf(vector), "webhook-id": "" }, "headers"],
    ["without an instant", { ...headersOf(vector), "webhook-timestamp": undefined }, "headers"],
    ["without a signature", { ...headersOf(vector), "webhook-signature": [] }, "headers"],
    ["without headers", new Headers(), "headers"],
    ["whose instant is none", headersOf(vector, "soon"), "headers"],
    ["whose instant is a fraction", headersOf(vector, `${atSeconds}.0`), "headers"],
    [
      "that is older than five minutes",
      headersOf(sign(body, secret, atSeconds - 301), atSeconds - 301),
      "timestamp",
    ],
    [
      "that is ahead of five minutes",
      headersOf(sign(body, secret, atSeconds + 301), atSeconds + 301),
      "timestamp",
    ],
    ["whose instant was moved", headersOf(vector, atSeconds + 1), "signature"],
    ["whose id was changed", { ...headersOf(vector), "webhook-id": "msg_other" }, "signature"],
    ["of another version", headersOf(vector.replace("v1", "v2")), "signature"],
    ["whose signature is cut", headersOf(vector.slice(0, -8)), "signature"],
    ["whose signature is no base64", headersOf("v1,???"), "signature"],
    ["whose signature is empty", headersOf("v1, v1,"), "signature"],
  ];
  test.each(doubts)("%s", async (_why, headers, reason) => {
    await expect(check(headers)).rejects.toMatchObject({ name: "EventNotVerified", reason });
  });

  test("but at the very edge of five minutes it is", async () => {
    for (const seconds of [atSeconds - 300, atSeconds + 300]) {
      expect(await check(headersOf(sign(body, secret, seconds), seconds))).toBeDefined();
    }
  });
});

test("a body that was parsed, or a secret that is none, is the caller's mistake", async () => {
  const parsed = JSON.parse(body) as string;
  await expect(check(headersOf(vector), parsed)).rejects.toThrow(TypeError);
  for (const none of ["", "whsec_", "whsec_?"]) {
    await expect(check(headersOf(vector), body, none)).rejects.toThrow(TypeError);
  }
});

test("a client has it as well", async () => {
  const client = createClient({ baseUrl: "http://localhost" });
  const at = Math.floor(Date.now() / 1_000);
  const event = await client.events.verify(body, headersOf(sign(body, secret, at), at), secret);
  expect(event).toEqual({ test: 2_432_232_314 });
});
