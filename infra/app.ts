/** The CDK app: `cdk synth` and `cdk deploy` run this file. */
import { App } from "aws-cdk-lib";
import { endpoints } from "../shared/api/index.ts";
import { SettingsError, namesStage, readSettings } from "./settings/settings.ts";
import { HoldfastStack } from "./stack.ts";

const app = new App();
try {
  // Without this `cdk deploy` would publish a stage with free goods and test routes to whoever forgot a word.
  if (!namesStage(app.node)) throw new SettingsError(["stage is missing: say -c stage=NAME"]);
  new HoldfastStack(app, { settings: readSettings(app.node), endpoints });
  app.synth();
} catch (error) {
  // A wrong setting is the user's to mend: they need the sentence, not our stack trace.
  if (!(error instanceof SettingsError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
}
