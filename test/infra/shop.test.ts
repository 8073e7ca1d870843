/** What somebody may say of a shop in a stack of theirs, and what is refused before anything is made. */
import { App, Stack } from "aws-cdk-lib";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { UserPool } from "aws-cdk-lib/aws-cognito";
import { expect, test } from "vitest";
import { listProviders } from "../../infra/secrets.ts";
import { readShopSettings } from "../../package/cdk/shop-settings.ts";

const stack = new Stack(new App(), "Somebody");
const userPool = new UserPool(stack, "Pool");
const userPoolClients = [userPool.addClient("Page"), userPool.addClient("App")];
const certificate = new Certificate(stack, "Certificate", { domainName: "api.example.com" });

test("settings are those of the page, lists as lists, and their defaults those of the stage", () => {
  const allowOrigins = ["https://a.example.com", "https://b.example.com"];
  const settings = readShopSettings(
    { stage: "live", allowOrigins, production: "on", "payment.stripe.seconds": 60 },
    {},
  );
  expect(settings).toMatchObject({
    stage: "live",
    production: true,
    allowOrigins,
    documentAccess: "group",
    holdSeconds: 300,
    providers: { stripe: { seconds: 60 } },
  });
});

test("what only the deployment knows is taken as it is", () => {
  const domain = { name: "api.example.com", certificate };
  const { tokens, address } = readShopSettings(
    { stage: "live", edge: "on", webAcl: "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b" },
    { domain, userPool, userPoolClients },
  );
  expect(stack.resolve(tokens)).toMatchObject({
    audience: userPoolClients.map(({ userPoolClientId }) => stack.resolve(userPoolClientId)),
  });
  expect(address).toMatchObject({
    domain: "api.example.com",
    certificate: certificate.certificateArn,
  });
});

test("what is missing, misspelt or given twice is refused", () => {
  const domain = { name: "api.example.com", certificate };
  const read = (...given: Parameters<typeof readShopSettings>) => {
    return () => readShopSettings(...given);
  };
  const misspelt = { stage: "live", holdSecond: 5 };
  expect(read(misspelt, {})).toThrow("did you mean holdSeconds?");
  expect(read({ stage: "" }, {})).toThrow("stage is missing");
  const pages = { stage: "live", pages: "on", signInPrefix: "shop" } as const;
  expect(read(pages, {})).toThrow("the package has no pages");
  expect(read({ stage: "live" }, { userPool })).toThrow("given together");
  expect(read({ stage: "live" }, { userPoolClients })).toThrow("given together");
  expect(read({ stage: "live", domain: "b.example.com" }, { domain })).toThrow("given twice");
});

test("providers are all of the stage, or those that are asked for", () => {
  const [production, other] = [{ production: true }, { production: false }];
  expect(listProviders(other)).toContain("sandbox");
  expect(listProviders(production)).not.toContain("sandbox");
  expect(listProviders(production, ["wompi", "stripe"])).toEqual(["stripe", "wompi"]);
  expect(listProviders(other, ["stripe"]).toSorted()).toEqual(["sandbox", "stripe"]);
  expect(() => listProviders(production, ["sandbox"])).toThrow('not "sandbox"');
  expect(() => listProviders(other, [])).toThrow("one at least");
});
