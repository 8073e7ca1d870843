/** Tells what each resource of the template is called on this machine: the values of `Ref` and `Fn::GetAtt`. */
import type { Resource, Template } from "./assembly.ts";
import { ACCOUNT, localArn, REGION } from "./local-account.ts";
import type { ResourceValues } from "./template.ts";

/** The addresses and names that differ between two runs on one machine. */
export interface LocalPlaces {
  /** Goes before every table name, so that several runs can share one DynamoDB Local. */
  readonly tablePrefix: string;
  /** Where the gateway answers, without a slash at the end. */
  readonly apiUrl: string;
  /** Where the stand-in for AWS services answers. */
  readonly awsUrl: string;
}

/** The host that API Gateway would give this API; `rewriteApiUrl` turns it into the local address. */
function awsApiUrl(apiId: string): string {
  return `https://${apiId}.execute-api.${REGION}.amazonaws.com`;
}

/** What else than the API's own address is turned into a local one. */
interface RewriteOptions {
  readonly sockets?: readonly string[];
  readonly awsUrl?: string;
  /** Domains of the API; only an address that is nothing else is one, not a page's that has it for a host. */
  readonly domains?: readonly string[];
}

/**
 * Turns every address of an API on AWS into the local one, with the stage's trailing slash dropped. A WebSocket API
 * has two: clients connect to the one, the other belongs to AWS's own services.
 */
export function rewriteApiUrl(
  apiUrl: string,
  { sockets = [], awsUrl = "", domains = [] }: RewriteOptions = {},
): (text: string) => string {
  const pattern = new RegExp(
    `(https|wss)://([a-z0-9]+)\\.execute-api\\.${REGION}\\.amazonaws\\.com(/?)`,
    "giu",
  );
  const place = (scheme: string, apiId: string): string => {
    if (scheme === "wss") return apiUrl.replace(/^http/u, "ws");
    return sockets.includes(apiId) ? awsUrl : apiUrl;
  };
  const own = new Set(domains.map((domain) => `https://${domain}`));
  return (text) => {
    if (own.has(text)) return apiUrl;
    return text.includes("execute-api")
      ? text.replace(
          pattern,
          (_, scheme: string, apiId: string, slash: string) => place(scheme, apiId) + slash,
        )
      : text;
  };
}

/** The domains that lead to the template's API, through CloudFront or not. */
export function listDomains({ Resources }: Template): string[] {
  return Object.values(Resources).flatMap(({ Type, Properties = {} }) => {
    if (Type === "AWS::ApiGatewayV2::DomainName") return [String(Properties["DomainName"])];
    if (Type !== "AWS::CloudFront::Distribution") return [];
    const { Aliases = [] } = Properties["DistributionConfig"] as { Aliases?: string[] };
    return Aliases;
  });
}

/** The ids of the template's WebSocket APIs. */
export function listSocketApis({ Resources }: Template): string[] {
  return Object.entries(Resources)
    .filter(([, { Properties }]) => Properties?.["ProtocolType"] === "WEBSOCKET")
    .map(([logicalId]) => shortId(logicalId));
}

/** The ARN of a table's stream in the template's eyes; DynamoDB Local's own changes with each start. */
export function makeStreamArn(tableName: string): string {
  return localArn("dynamodb", `table/${tableName}/stream/local`);
}

/** Ids that AWS makes up have no dashes or capitals; this keeps them readable and stable. */
function shortId(logicalId: string): string {
  return logicalId
    .toLowerCase()
    .replaceAll(/[^a-z0-9]/gu, "")
    .slice(0, 26);
}

type Properties = Readonly<Record<string, unknown>>;
type Values = Record<
  string,
  string | ((name: string, places: LocalPlaces, properties: Properties) => string)
>;

/** By resource type: the property that may name the resource, then `Ref` and the attributes. */
const KINDS: Record<string, { named?: string; ref?: Values[string]; attributes?: Values }> = {
  "AWS::DynamoDB::Table": table(),
  "AWS::DynamoDB::GlobalTable": table(),
  "AWS::Lambda::Function": {
    named: "FunctionName",
    attributes: { Arn: (name) => localArn("lambda", `function:${name}`) },
  },
  "AWS::Lambda::Alias": { ref: (_, __, alias) => functionArn(alias, String(alias["Name"])) },
  // What is deployed on this machine is always the first.
  "AWS::Lambda::Version": {
    ref: (_, __, version) => functionArn(version, "1"),
    attributes: { Version: "1" },
  },
  "AWS::IAM::Role": {
    named: "RoleName",
    attributes: { Arn: (name) => `arn:aws:iam::${ACCOUNT}:role/${name}`, RoleId: (name) => name },
  },
  "AWS::SQS::Queue": {
    named: "QueueName",
    ref: (name, { awsUrl }) => `${awsUrl}/${ACCOUNT}/${name}`,
    attributes: {
      Arn: (name) => localArn("sqs", name),
      QueueName: (name) => name,
      QueueUrl: (name, { awsUrl }) => `${awsUrl}/${ACCOUNT}/${name}`,
    },
  },
  "AWS::S3::Bucket": {
    named: "BucketName",
    ref: bucketName,
    attributes: {
      Arn: (name) => `arn:aws:s3:::${bucketName(name)}`,
      RegionalDomainName: (name) => `${bucketName(name)}.s3.${REGION}.amazonaws.com`,
    },
  },
  "AWS::SNS::Topic": {
    named: "TopicName",
    ref: (name) => localArn("sns", name),
    attributes: { TopicArn: (name) => localArn("sns", name), TopicName: (name) => name },
  },
  "AWS::SecretsManager::Secret": {
    named: "Name",
    ref: (name) => localArn("secretsmanager", `secret:${name}-local0`),
    attributes: { Id: (name) => localArn("secretsmanager", `secret:${name}-local0`) },
  },
  "AWS::Cognito::UserPool": {
    ref: (name) => `${REGION}_${shortId(name)}`,
    attributes: {
      Arn: (name) => localArn("cognito-idp", `userpool/${REGION}_${shortId(name)}`),
      UserPoolId: (name) => `${REGION}_${shortId(name)}`,
      ProviderName: (name) => `cognito-idp.${REGION}.amazonaws.com/${REGION}_${shortId(name)}`,
      ProviderURL: (name) =>
        `https://cognito-idp.${REGION}.amazonaws.com/${REGION}_${shortId(name)}`,
    },
  },
  "AWS::Cognito::UserPoolClient": {
    ref: shortId,
    attributes: { ClientId: shortId, Name: (name) => name },
  },
  "AWS::ApiGatewayV2::Api": {
    ref: shortId,
    attributes: {
      ApiId: shortId,
      ApiEndpoint: (name) => awsApiUrl(shortId(name)),
      ExecutionEndpoint: (name) => awsApiUrl(shortId(name)),
    },
  },
  "AWS::ApiGatewayV2::DomainName": {
    named: "DomainName",
    attributes: { RegionalDomainName: (name) => name, RegionalHostedZoneId: (name) => name },
  },
  "AWS::CloudFront::Distribution": { attributes: { DomainName: (name) => name } },
  "AWS::CloudFront::OriginAccessControl": { attributes: { Id: (name) => name } },
  "AWS::ApiGatewayV2::Stage": { named: "StageName" },
  "AWS::Logs::LogGroup": {
    named: "LogGroupName",
    attributes: { Arn: (name) => localArn("logs", `log-group:${name}:*`) },
  },
  "AWS::Events::EventBus": {
    named: "Name",
    attributes: { Arn: (name) => localArn("events", `event-bus/${name}`), Name: (name) => name },
  },
  "AWS::Scheduler::Schedule": {
    named: "Name",
    attributes: { Arn: (name) => localArn("scheduler", `schedule/default/${name}`) },
  },
};

/** The ARN of a function's alias or version. */
function functionArn({ FunctionName }: Properties, qualifier: string): string {
  const { Ref = "" } = FunctionName as { readonly Ref?: string };
  return localArn("lambda", `function:${Ref}:${qualifier}`);
}

/** Names of buckets know no capitals. */
function bucketName(name: string): string {
  return name.toLowerCase();
}

function table() {
  return {
    named: "TableName",
    attributes: {
      Arn: (name: string) => localArn("dynamodb", `table/${name}`),
      StreamArn: makeStreamArn,
      TableId: (name: string) => name,
    },
  };
}

function isTable(resource: Resource): boolean {
  return resource.Type === "AWS::DynamoDB::Table" || resource.Type === "AWS::DynamoDB::GlobalTable";
}

/** The name of a resource on this machine: the one it was given, else its logical id. */
function localName(logicalId: string, resource: Resource, tablePrefix: string): string {
  const given = resource.Properties?.[KINDS[resource.Type]?.named ?? ""];
  const name = typeof given === "string" ? given : logicalId;
  return isTable(resource) ? `${tablePrefix}${name}` : name;
}

/** Makes the values of all resources; a resource type not known here is worth its logical id. */
export function createResourceValues(places: LocalPlaces): ResourceValues {
  const resolveValue = (value: Values[string], name: string, { Properties = {} }: Resource) =>
    typeof value === "string" ? value : value(name, places, Properties);
  return {
    ref(logicalId, resource) {
      const name = localName(logicalId, resource, places.tablePrefix);
      const ref = KINDS[resource.Type]?.ref;
      return ref ? resolveValue(ref, name, resource) : name;
    },
    attribute(logicalId, resource, attribute) {
      const name = localName(logicalId, resource, places.tablePrefix);
      const value = KINDS[resource.Type]?.attributes?.[attribute];
      if (value) return resolveValue(value, name, resource);
      if (attribute === "Arn") return localArn("other", `${resource.Type}/${name}`);
      throw new Error(`${resource.Type} ${logicalId} has no ${attribute} on this machine`);
    },
  };
}
