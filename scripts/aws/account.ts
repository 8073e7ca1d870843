/** Looks at the AWS account that one is signed in to. */
import { CloudFormationClient, GetTemplateCommand } from "@aws-sdk/client-cloudformation";
import { GetAccountSettingsCommand, LambdaClient } from "@aws-sdk/client-lambda";
import { GetParameterCommand, ParameterNotFound, SSMClient } from "@aws-sdk/client-ssm";
import { GetCallerIdentityCommand, STSClient } from "@aws-sdk/client-sts";
import type { Account } from "../deploy/checks.ts";
import type { Template } from "../deploy/index-changes.ts";
import { makeStackName } from "./outputs.ts";

/** Where the CDK writes down the version of its own resources. */
const bootstrapParameter = "/cdk-bootstrap/hnb659fds/version";

/** The account of the credentials and region that the SDK finds by itself. */
export function signedInAccount(): Account {
  return {
    region: () => new STSClient().config.region(),
    async identity() {
      const { Account: number } = await new STSClient().send(new GetCallerIdentityCommand());
      return number!;
    },
    async bootstrapVersion(region) {
      try {
        const command = new GetParameterCommand({ Name: bootstrapParameter });
        return Number(
          (await new SSMClient(region ? { region } : {}).send(command)).Parameter?.Value,
        );
      } catch (error) {
        if (error instanceof ParameterNotFound) return undefined;
        throw error;
      }
    },
    async concurrency() {
      const { AccountLimit } = await new LambdaClient().send(new GetAccountSettingsCommand());
      return AccountLimit?.ConcurrentExecutions ?? 0;
    },
    async template(stage) {
      const command = new GetTemplateCommand({ StackName: makeStackName(stage) });
      try {
        const { TemplateBody = "{}" } = await new CloudFormationClient().send(command);
        return JSON.parse(TemplateBody) as Template;
      } catch (error) {
        if (/does not exist/.test((error as Error).message)) return undefined;
        throw error;
      }
    },
  };
}
