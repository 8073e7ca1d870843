/**
 * Which addresses may be called: none that lead back into a network of our own. What an address says is looked at when
 * it is saved, and what its name stands for whenever it is called.
 */
import ipaddr from "ipaddr.js";
import { InvalidRequest } from "../base/errors.ts";

/** Outside production, and not on AWS, one may listen on one's own machine, without TLS. */
export interface AddressRules {
  readonly production: boolean;
}

/** Names that stand for something in a network of one's own, whatever DNS says. */
const innerNames =
  /(?:^|\.)(?:localhost|local|internal|intranet|lan|home|corp|private|arpa|onion)$/;

/** Addresses that belong to the internet at large; everything else has a meaning of its own somewhere. */
const globalIpv6 = ipaddr.parseCIDR("2000::/3") as [ipaddr.IPv6, number];

/** Whether a numeric address is one of the internet, and nobody's inside. */
export function isPublicAddress(address: string): boolean {
  if (!ipaddr.isValid(address)) return false;
  const parsed = ipaddr.parse(address);
  if (parsed.range() !== "unicast") return false;
  return parsed instanceof ipaddr.IPv6 ? parsed.match(globalIpv6) : true;
}

function isLoopback(address: string): boolean {
  return ipaddr.isValid(address) && ipaddr.parse(address).range() === "loopback";
}

/** Whether a numeric address may be called. */
export function isAllowedAddress(address: string, { production }: AddressRules): boolean {
  return isPublicAddress(address) || (!production && isLoopback(address));
}

/** The name or numeric address in a URL, without the brackets of IPv6. */
function parseHost({ hostname }: URL): string {
  return hostname.replace(/^\[|\]$/g, "");
}

function findObjection(url: URL, rules: AddressRules): string | undefined {
  const schemes = rules.production ? ["https:"] : ["https:", "http:"];
  if (!schemes.includes(url.protocol)) return "must be an https address";
  if (url.username || url.password) return "must not hold a user or password";
  const host = parseHost(url);
  if (ipaddr.isValid(host)) {
    return isAllowedAddress(host, rules) ? undefined : "must not be an inner address";
  }
  const name = host.replace(/\.$/, "");
  if (!rules.production && name === "localhost") return undefined;
  return name.includes(".") && !innerNames.test(name) ? undefined : "must not be an inner name";
}

/** The address as it is called. Undefined, or an objection, when it may not be. */
export function readAddress(
  text: string,
  rules: AddressRules,
): { readonly url: URL } | { readonly objection: string } {
  const url = URL.parse(text);
  if (!url) return { objection: "must be an address" };
  url.hash = "";
  const objection = findObjection(url, rules);
  return objection === undefined ? { url } : { objection };
}

/**
 * The address as it is kept, in one notation.
 *
 * @throws InvalidRequest when what it says leads inside
 */
export function checkAddress(text: string, rules: AddressRules): string {
  const read = readAddress(text, rules);
  if ("objection" in read) throw new InvalidRequest([{ path: "url", message: read.objection }]);
  return read.url.href;
}
