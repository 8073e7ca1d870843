/** Settings of where the API is reached, and of what stands in front of it. */
import { type Definition, fits } from "./definition.ts";

/** Every setting of this section by its key. */
export const addressDefinitions = {
  domain: {
    section: "Address",
    kind: "text",
    like: "a host name like api.example.com",
    fits: fits(/^(?=.{4,253}$)(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]{2,63}$/),
    does: "the API's own address, also in outputs and webhooks' addresses; together with `certificate`. Free",
  },
  certificate: {
    section: "Address",
    kind: "text",
    like: "the ARN of a certificate in ACM",
    fits: fits(/^arn:aws[\w-]*:acm:[a-z0-9-]+:\d{12}:certificate\/[\w-]+$/),
    does: "the certificate for `domain`: of the stage's region, with `edge=on` of us-east-1. A public one is free",
  },
  hostedZone: {
    section: "Address",
    kind: "text",
    like: "the id of a hosted zone in Route 53, like Z0123456789ABC",
    fits: fits(/^Z[A-Z0-9]{1,31}$/),
    does: "the zone that gets the records for `domain`; without it you make a CNAME to the output `DomainTarget`. A zone costs 0.50 USD a month, its alias records nothing",
  },
  edge: {
    section: "Address",
    kind: "choice",
    choices: ["off", "on"],
    does: "`on` puts CloudFront with a firewall (WAF) in front of the API, which then answers nobody who comes around it; needs `domain`. About 7.40 USD a month (5 the firewall, 1 each of its two rules, 0.40 a secret) and 1.60 USD for each million requests (1.00 CloudFront, 0.60 WAF), besides what the firewall logs of refusals (0.50 USD per GB) and CloudFront of requests (0.023 USD per GB and month)",
  },
  pages: {
    section: "Address",
    kind: "choice",
    choices: ["off", "on"],
    does: "`on` puts the operator's console at `/console` and a first page at `/`, in a bucket behind CloudFront: that of `edge=on`, else one at a name of AWS's (output `PagesUrl`), which hands on everything else to the API. Needs `signInPrefix`, or an issuer of your own with `pagesClient`; `npm run deploy` uploads them. A few cents a month, and 1.00 USD for each million requests",
  },
  webAcl: {
    section: "Address",
    kind: "text",
    like: "the ARN of a web ACL for CloudFront, in us-east-1",
    fits: fits(/^arn:aws[\w-]*:wafv2:us-east-1:\d{12}:global\/webacl\/[\w-]+\/[\w-]+$/),
    does: "a firewall of your own for `edge=on`; otherwise `npm run deploy` makes one, in a stack of its own (`Holdfast-<stage>-firewall`), since AWS takes those for CloudFront in us-east-1 only",
  },
  addressPerMinute: {
    section: "Address",
    kind: "number",
    unit: "requests a minute",
    default: 1200,
    least: 10,
    most: 1_000_000,
    does: "what the firewall lets in from one address; beyond it 429. Many shoppers of a mobile network have one address together",
  },
  webhookAddressPerMinute: {
    section: "Address",
    kind: "number",
    unit: "requests a minute",
    default: 30_000,
    least: 10,
    most: 1_000_000,
    does: "the same for payment providers' webhooks, which come from few addresses and in crowds; they do not count for `addressPerMinute`",
  },
} as const satisfies Record<string, Definition>;
