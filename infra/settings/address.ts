/** Reads where the API is reached, and what stands in front of it. */
import { Token } from "aws-cdk-lib";
import { addressDefinitions as definitions } from "./address-definitions.ts";
import { type ContextReader, omitMissing } from "./context-reader.ts";

/** What a firewall lets in from one address. */
export interface FirewallSettings {
  readonly addressPerMinute: number;
  readonly webhookAddressPerMinute: number;
}

/** The API's own address. */
export interface AddressSettings {
  readonly domain: string;
  readonly certificate: string;
  readonly hostedZone?: string;
  /** CloudFront, with this firewall; absent where nothing stands in front of the API. */
  readonly edge?: { readonly webAcl: string };
}

/** Stands for the firewall where it is not made yet. */
export const noFirewall = "arn:aws:wafv2:us-east-1:000000000000:global/webacl/none/none";

/** What the firewall of a stage lets in. */
export function readFirewall(read: ContextReader): FirewallSettings {
  return {
    addressPerMinute: read.number("addressPerMinute", definitions.addressPerMinute),
    webhookAddressPerMinute: read.number(
      "webhookAddressPerMinute",
      definitions.webhookAddressPerMinute,
    ),
  };
}

/** The address of the API, undefined where it is AWS's; what does not go together is a problem. */
export function readAddress(read: ContextReader): AddressSettings | undefined {
  const domain = read.text("domain", definitions.domain);
  const certificate = read.text("certificate", definitions.certificate);
  const hostedZone = read.text("hostedZone", definitions.hostedZone);
  const webAcl = read.text("webAcl", definitions.webAcl);
  const isEdge = read.choice("edge", definitions.edge) === "on";
  readFirewall(read);
  if ((read.given("domain") === undefined) !== (read.given("certificate") === undefined)) {
    read.problems.push("domain and certificate must be given together");
  }
  const needsDomain = isEdge ? "edge=on" : hostedZone && "hostedZone";
  if (needsDomain && read.given("domain") === undefined) {
    read.problems.push(`${needsDomain} needs a domain`);
  }
  const isElsewhere = !certificate?.includes(":acm:us-east-1:") && !Token.isUnresolved(certificate);
  if (isEdge && certificate !== undefined && isElsewhere) {
    read.problems.push("certificate must be of us-east-1 with edge=on: CloudFront takes no other");
  }
  if (isEdge && read.given("webAcl") === undefined) {
    read.problems.push("edge=on needs webAcl: npm run deploy makes one, cdk deploy has to be told");
  }
  if (domain === undefined || certificate === undefined) return undefined;
  const edge = isEdge && webAcl !== undefined ? { webAcl } : undefined;
  return { domain, certificate, ...omitMissing({ hostedZone, edge }) };
}
