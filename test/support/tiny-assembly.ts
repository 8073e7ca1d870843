/** A synthesized assembly of a few lines, to test the local runner itself without any of our own functions. */
import { mkdirSync, mkdtempSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { SCRATCH } from "../../local/root.ts";

/** One function that does what its event asks for; the same code serves requests, streams and schedules. */
const FUNCTION = `
async function aws(service, target, input) {
  const key = process.env.AWS_ACCESS_KEY_ID;
  const response = await fetch(process.env.AWS_ENDPOINT_URL, {
    method: "POST",
    headers: {
      "x-amz-target": target,
      authorization: \`AWS4-HMAC-SHA256 Credential=\${key}/20260101/local/\${service}/aws4_request, SignedHeaders=host, Signature=0\`,
    },
    body: JSON.stringify(input),
  });
  return { status: response.status, body: await response.json() };
}
const dynamodb = (operation, input) =>
  aws("dynamodb", "DynamoDB_20120810." + operation, { TableName: process.env.THINGS_TABLE, ...input });
const tasks = {
  crash: () => { throw new Error("crashed"); },
  exit: () => process.exit(3),
  hang: () => new Promise(() => {}),
  spin: () => { for (;;); },
  large: () => "x".repeat(7_000_000),
  put: async ({ id }) => {
    const results = [];
    for (const part of ["a", "b", "c"]) {
      results.push(await dynamodb("PutItem", { Item: { id: { S: id + part }, empty: { M: {} } } }));
    }
    return results;
  },
  get: ({ id }) => dynamodb("GetItem", { Key: { id: { S: id } }, ConsistentRead: true }),
  delete: ({ id }) => dynamodb("DeleteItem", { Key: { id: { S: id } } }),
  secret: ({ stage }) => aws("secretsmanager", "secretsmanager.GetSecretValue",
    { SecretId: process.env.SECRET_NAME, VersionStage: stage }),
  sns: () => aws("sns", "Publish", {}),
  environment: () => ({ ...process.env }),
};
export async function handler(event, context) {
  if (event.Records) {
    const ids = event.Records.map((record) => record.dynamodb.Keys.id.S);
    console.log(JSON.stringify({ batch: event.Records }));
    const poisoned = ids.findIndex((id) => id.startsWith("poison"));
    if (poisoned === 0) throw new Error("poison");
    const failures = poisoned > 0 ? [{ itemIdentifier: event.Records[poisoned].dynamodb.SequenceNumber }] : [];
    return { batchItemFailures: failures };
  }
  if (event.job) { console.log(JSON.stringify(event)); if (event.job === "fail") throw new Error("job"); return; }
  const task = tasks[event.queryStringParameters?.task];
  if (!task) return { event, remainingMs: context.getRemainingTimeInMillis(), name: context.functionName };
  return task(event.queryStringParameters);
}
`;

const policy = (Action: string[], Resource: object) => ({ Effect: "Allow", Action, Resource });

/** API Gateway may call the function for this route. */
function permission(route: string) {
  return {
    Type: "AWS::Lambda::Permission",
    Properties: {
      FunctionName: { "Fn::GetAtt": ["EchoFunction", "Arn"] },
      Principal: "apigateway.amazonaws.com",
      SourceArn: { "Fn::Sub": `arn:aws:execute-api:local:\${AWS::AccountId}:\${Api}/*/${route}` },
    },
  };
}

function functionResources() {
  return {
    Role: {
      Type: "AWS::IAM::Role",
      Properties: {
        Policies: [
          {
            PolicyDocument: {
              Statement: [
                policy(["dynamodb:GetItem", "dynamodb:PutItem"], {
                  "Fn::GetAtt": ["Things", "Arn"],
                }),
                policy(
                  ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                  { "Fn::GetAtt": ["Things", "StreamArn"] },
                ),
                policy(["sqs:SendMessage"], { "Fn::GetAtt": ["Dead", "Arn"] }),
                policy(["secretsmanager:GetSecretValue"], { Ref: "Keys" }),
                policy(["lambda:InvokeFunction"], { "Fn::GetAtt": ["EchoFunction", "Arn"] }),
              ],
            },
          },
        ],
      },
    },
    EchoFunction: {
      Type: "AWS::Lambda::Function",
      Properties: {
        Code: { S3Bucket: "assets", S3Key: "echo.zip" },
        Handler: "index.handler",
        Role: { "Fn::GetAtt": ["Role", "Arn"] },
        Timeout: 3,
        Environment: {
          Variables: {
            THINGS_TABLE: { Ref: "Things" },
            SECRET_NAME: { Ref: "Keys" },
            API_URL: { "Fn::GetAtt": ["Api", "ApiEndpoint"] },
          },
        },
      },
    },
    // `GET /forgotten` has none, which nobody notices before the first request.
    OpenPermission: permission("*/open/*"),
    ClosedPermission: permission("GET/closed"),
  };
}

function apiResources() {
  const route = (RouteKey: string, properties: object = {}) => ({
    Type: "AWS::ApiGatewayV2::Route",
    Properties: {
      RouteKey,
      Target: { "Fn::Join": ["", ["integrations/", { Ref: "Integration" }]] },
      ...properties,
    },
  });
  const authorized = { AuthorizationType: "JWT", AuthorizerId: { Ref: "Authorizer" } };
  return {
    Api: {
      Type: "AWS::ApiGatewayV2::Api",
      Properties: { CorsConfiguration: { AllowOrigins: ["https://shop"], AllowMethods: ["GET"] } },
    },
    Stage: { Type: "AWS::ApiGatewayV2::Stage", Properties: { StageName: "$default" } },
    Integration: {
      Type: "AWS::ApiGatewayV2::Integration",
      Properties: {
        IntegrationType: "AWS_PROXY",
        PayloadFormatVersion: "2.0",
        IntegrationUri: { "Fn::GetAtt": ["EchoFunction", "Arn"] },
      },
    },
    Pool: { Type: "AWS::Cognito::UserPool" },
    Authorizer: {
      Type: "AWS::ApiGatewayV2::Authorizer",
      Properties: {
        JwtConfiguration: {
          Audience: ["shop"],
          Issuer: { "Fn::GetAtt": ["Pool", "ProviderURL"] },
        },
      },
    },
    OpenRoute: route("ANY /open/{rest+}"),
    ClosedRoute: route("GET /closed", authorized),
    ForgottenRoute: route("GET /forgotten"),
  };
}

function dataResources() {
  return {
    Things: {
      Type: "AWS::DynamoDB::Table",
      Properties: {
        KeySchema: [{ AttributeName: "id", KeyType: "HASH" }],
        AttributeDefinitions: [{ AttributeName: "id", AttributeType: "S" }],
        StreamSpecification: { StreamViewType: "NEW_AND_OLD_IMAGES" },
        TimeToLiveSpecification: { AttributeName: "ttlSeconds", Enabled: true },
      },
    },
    Dead: { Type: "AWS::SQS::Queue" },
    Keys: { Type: "AWS::SecretsManager::Secret", Properties: { GenerateSecretString: {} } },
    Mapping: {
      Type: "AWS::Lambda::EventSourceMapping",
      Properties: {
        EventSourceArn: { "Fn::GetAtt": ["Things", "StreamArn"] },
        FunctionName: { Ref: "EchoFunction" },
        StartingPosition: "TRIM_HORIZON",
        BisectBatchOnFunctionError: true,
        MaximumRetryAttempts: 1,
        FunctionResponseTypes: ["ReportBatchItemFailures"],
        DestinationConfig: { OnFailure: { Destination: { "Fn::GetAtt": ["Dead", "Arn"] } } },
      },
    },
    ...schedule("Tick", { job: "tick" }),
    ...schedule("Broken", { job: "fail" }),
  };
}

function schedule(name: string, input: object) {
  return {
    [name]: {
      Type: "AWS::Scheduler::Schedule",
      Properties: {
        ScheduleExpression: "rate(1 hour)",
        Target: {
          Arn: { "Fn::GetAtt": ["EchoFunction", "Arn"] },
          RoleArn: { "Fn::GetAtt": ["Role", "Arn"] },
          Input: JSON.stringify(input),
          RetryPolicy: { MaximumRetryAttempts: 0 },
          DeadLetterConfig: { Arn: { "Fn::GetAtt": ["Dead", "Arn"] } },
        },
      },
    },
  };
}

/** Writes the assembly and gives its directory, which the caller removes. */
export function writeTinyAssembly(): string {
  mkdirSync(SCRATCH, { recursive: true });
  const directory = mkdtempSync(join(SCRATCH, "tiny-"));
  const write = (name: string, value: object) =>
    writeFileSync(join(directory, name), JSON.stringify(value));
  mkdirSync(join(directory, "asset.echo"));
  writeFileSync(join(directory, "asset.echo", "index.mjs"), FUNCTION);
  write("manifest.json", {
    artifacts: {
      "Tiny.assets": { type: "cdk:asset-manifest", properties: { file: "Tiny.assets.json" } },
      Tiny: {
        type: "aws:cloudformation:stack",
        properties: { templateFile: "Tiny.template.json" },
      },
    },
  });
  write("Tiny.assets.json", {
    files: {
      echo: { source: { path: "asset.echo" }, destinations: { here: { objectKey: "echo.zip" } } },
    },
  });
  const Resources = { ...dataResources(), ...apiResources(), ...functionResources() };
  write("Tiny.template.json", { Resources });
  return directory;
}
