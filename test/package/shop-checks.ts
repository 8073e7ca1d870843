/** What must show in the templates of the shops, wherever they were made. */
import { expect } from "vitest";
import { tableNames } from "../../infra/table-shapes.ts";
import { functionNames } from "../../infra/permissions.ts";
import { type Resource, synthesize } from "../infra/synthesize.ts";
import { countTypes, type SynthesizedShops } from "./shop-project.ts";

type Resources = SynthesizedShops["own"];

const ofType = (resources: Resources, type: string): Resources =>
  resources.filter(([, { Type }]) => Type === type);

const textOf = (resources: Resources, type: string): string =>
  JSON.stringify(ofType(resources, type).map(([, { Properties }]) => Properties));

const idOf = (resources: Resources, start: string): string =>
  resources.find(([id]) => id.startsWith(start))?.[0] ?? `no ${start}`;

/** A shop as it comes has all that our own stack has, and each function runs what was packed. */
export function expectWhole({ plain, assets }: SynthesizedShops): void {
  const ours = Object.entries(synthesize().toJSON()["Resources"] as Record<string, Resource>);
  expect(countTypes(plain)).toEqual(countTypes(ours));
  expect(ofType(plain, "AWS::DynamoDB::Table")).toHaveLength(tableNames.length);
  const functions = ofType(plain, "AWS::Lambda::Function");
  expect(functions).toHaveLength(functionNames(false).length);
  for (const [, { Properties }] of functions) {
    const { S3Key } = Properties["Code"] as { S3Key: string };
    expect(assets).toContain(`asset.${S3Key.replace(/\.zip$/, "")}`);
  }
}

/** What was somebody's own is used, and nothing is made in its place. */
export function expectOwn({ own }: SynthesizedShops): void {
  expect(countTypes(own)).toMatchObject({
    "AWS::Cognito::UserPool": 1,
    "AWS::Cognito::UserPoolClient": 1,
    "AWS::Events::EventBus": 1,
    "AWS::SecretsManager::Secret": 1,
    "AWS::Route53::RecordSet": 1,
    "AWS::DynamoDB::Table": tableNames.length,
  });
  expect(ofType(own, "AWS::Cognito::UserPoolGroup")).toEqual([]);
  expect(ofType(own, "AWS::Events::Archive")).toEqual([]);
  const authorizer = textOf(own, "AWS::ApiGatewayV2::Authorizer");
  expect(authorizer).toContain(`{"Ref":"${idOf(own, "PeoplePage")}"}`);
  expect(authorizer).toMatch(/cognito-idp\..*\{"Ref":"People[0-9A-F]{8}"\}/);
  const domain = textOf(own, "AWS::ApiGatewayV2::DomainName");
  expect(domain).toContain('"DomainName":"api.example.com"');
  expect(domain).toContain(`{"Ref":"${idOf(own, "Certificate")}"}`);
  expect(textOf(own, "AWS::Route53::RecordSet")).toContain(`{"Ref":"${idOf(own, "Zone")}"}`);
  const functions = textOf(own, "AWS::Lambda::Function");
  const bus = `{"Fn::GetAtt":["${idOf(own, "Bus")}","Arn"]}`;
  expect(functions).toContain(`"EVENT_BUS":${bus}`);
  expect(functions).toContain('"API_URL":"https://api.example.com"');
  expect(functions).toContain('"HOLD_SECONDS":"60"');
  expect(textOf(own, "AWS::IAM::Policy")).toContain(
    `"Action":"events:PutEvents","Effect":"Allow","Resource":${bus}`,
  );
  const worker = own.filter(([id]) => id.startsWith("WorkerDefaultPolicy"));
  expect(JSON.stringify(worker)).toContain(`{"Fn::GetAtt":["${idOf(own, "ShopLocks")}","Arn"]}`);
  expect(JSON.stringify(worker)).toContain(`{"Fn::GetAtt":["${idOf(own, "ShopStock")}","Arn"]}`);
}
