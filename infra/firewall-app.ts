/** The CDK app of a stage's firewall: `npm run deploy` deploys it before the stage where `edge=on` asks for one. */
import { App } from "aws-cdk-lib";
import { FirewallStack } from "./firewall.ts";
import { noFirewall, readFirewall } from "./settings/address.ts";
import { ContextReader } from "./settings/context-reader.ts";
import { readSettings } from "./settings/settings.ts";

const app = new App({ context: { webAcl: noFirewall } });
const { stage, production } = readSettings(app.node);
const limits = readFirewall(new ContextReader(app.node));
new FirewallStack(app, {
  ...limits,
  stage,
  production,
  account: process.env["CDK_DEFAULT_ACCOUNT"],
});
app.synth();
