/** Settings that are off by default, all at once: whoever runs with them runs with each. */
type Context = Readonly<Record<string, string>>;

/** The API at a domain of one's own. */
export const ownDomain: Context = {
  domain: "api.example.com",
  certificate: "arn:aws:acm:us-east-1:123456789012:certificate/0b2c9c1e",
  hostedZone: "Z0123456789ABC",
};

/** Our own pages, with a user pool's sign-in. */
export const pagesOn: Context = { pages: "on", signInPrefix: "my-shop" };

/** What is off by default. */
export const everythingOn: Context = {
  ...ownDomain,
  ...pagesOn,
  edge: "on",
  webAcl: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/holdfast-live/0b2c9c1e",
  mfa: "required",
  routesPerSecond: "listItems=50",
};
