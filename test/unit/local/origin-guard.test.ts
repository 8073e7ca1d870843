/** Which requests the local runner does not serve: names of others, and pages of others. */
import { describe, expect, it } from "vitest";
import { refusalOfOrigin } from "../../../local/http/origin-guard.ts";

function statusOf(path: string, headers: Record<string, string>, body = ""): number | undefined {
  const rawHeaders = Object.entries(headers).flat();
  const request = { method: "GET", path, rawQueryString: "", rawHeaders };
  return refusalOfOrigin({ ...request, body: Buffer.from(body), sourceIp: "127.0.0.1" })?.status;
}

describe("a request", () => {
  it.each(["localhost:3000", "LOCALHOST:3000", "127.0.0.1:4000", "[::1]:3000", "localhost"])(
    "for %s is served",
    (Host) => expect(statusOf("/items", { Host })).toBeUndefined(),
  );

  it.each([
    "rebound.example:3000",
    "localhost.evil.example:3000",
    "127.0.0.1.nip.io",
    "",
    "[::1].x",
  ])("for the name %j is not: that is how DNS rebinding reads tokens", (Host) =>
    expect(statusOf("/_local/token", { Host })).toBe(421),
  );

  it.each(["cross-site", "same-site"])("of a %s page reaches nothing inside", (site) => {
    const headers = { Host: "localhost:3000", "Sec-Fetch-Site": site };
    expect(statusOf("/_local/faults", headers)).toBe(403);
    expect(statusOf("/_local", headers)).toBe(403);
    expect(statusOf("/items", headers)).toBeUndefined();
  });

  it("whose Origin is another page's reaches nothing inside, though its browser says no more", () => {
    const own = { Host: "localhost:3000", Origin: "http://localhost:3000" };
    expect(statusOf("/_local/faults", own)).toBeUndefined();
    // It has several names: a socket's address says 127.0.0.1, whatever stands in the address bar.
    expect(statusOf("/_local/faults", { ...own, Host: "127.0.0.1:3000" })).toBeUndefined();
    for (const Origin of [
      "https://evil.example",
      "http://evil.example:3000",
      "null",
      "http://localhost:4000",
    ]) {
      expect(statusOf("/_local/faults", { ...own, Origin })).toBe(403);
    }
  });

  it.each(["text/plain", "application/x-www-form-urlencoded", "", "application/jsonx"])(
    "with a body that any page may send (%j) is refused inside",
    (type) => {
      const headers = { Host: "localhost:3000", "Content-Type": type };
      expect(statusOf("/_local/faults", headers, "{}")).toBe(415);
      const json = { ...headers, "Content-Type": "application/json; charset=utf-8" };
      expect(statusOf("/_local/faults", json, "{}")).toBeUndefined();
    },
  );

  it.each(["same-origin", "none"])("of a %s page does", (site) => {
    const headers = { Host: "localhost:3000", "Sec-Fetch-Site": site };
    expect(statusOf("/_local/docs", headers)).toBeUndefined();
  });
});
