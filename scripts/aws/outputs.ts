/** What a deployed stage is known by: the outputs of its stack. */
import { CloudFormationClient, DescribeStacksCommand } from "@aws-sdk/client-cloudformation";

/** Outputs by name. */
export type StackOutputs = Readonly<Record<string, string>>;

/** The name of a stage's stack. */
export function makeStackName(stage: string): string {
  return `Holdfast-${stage}`;
}

/** Reads them from CloudFormation. @throws Error when the stage is not there, in words that say what to do. */
export async function readOutputs(
  stage: string,
  client: Pick<CloudFormationClient, "send"> = new CloudFormationClient(),
): Promise<StackOutputs> {
  const StackName = makeStackName(stage);
  const { Stacks = [] } = await client
    .send(new DescribeStacksCommand({ StackName }))
    .catch((error: Error) => {
      const isMissing = /does not exist/.test(error.message);
      const advice = `There is no stage ${stage} here: npm run deploy -- --stage ${stage}`;
      throw isMissing ? new Error(advice, { cause: error }) : error;
    });
  const outputs = Stacks[0]?.Outputs ?? [];
  return Object.fromEntries(
    outputs.map(({ OutputKey, OutputValue }) => [OutputKey ?? "", OutputValue ?? ""]),
  );
}

/** One output. @throws Error when the deployed version has none of that name. */
export function getOutput(outputs: StackOutputs, name: string): string {
  const value = outputs[name];
  if (value === undefined)
    throw new Error(`The stack has no output ${name}: deploy this version first`);
  return value;
}
