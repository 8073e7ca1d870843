/** CloudFormation's intrinsics, resolved to what things are called on this machine. */
import { describe, expect, test } from "vitest";
import { createResourceValues, rewriteApiUrl } from "../../../local/assembly/resource-values.ts";
import { createTemplateResolver } from "../../../local/assembly/template.ts";

const url = "http://127.0.0.1:3000";

const { resolve, resources } = createTemplateResolver({
  stackName: "Holdfast-dev",
  values: createResourceValues({
    tablePrefix: "t1-",
    apiUrl: url,
    awsUrl: "http://127.0.0.1:9",
  }),
  rewrite: rewriteApiUrl(url),
  template: {
    Parameters: { Size: { Default: "5" } },
    Mappings: { Names: { local: { short: "l" } } },
    Conditions: {
      Yes: { "Fn::Equals": ["a", "a"] },
      No: { "Fn::Not": [{ Condition: "Yes" }] },
      Both: { "Fn::And": [{ Condition: "Yes" }, { Condition: "No" }] },
      Either: { "Fn::Or": [{ Condition: "Yes" }, { Condition: "No" }] },
    },
    Resources: {
      Stock1A2B3C4D: { Type: "AWS::DynamoDB::Table" },
      Dead: { Type: "AWS::SQS::Queue", Properties: { QueueName: "letters" } },
      Api: { Type: "AWS::ApiGatewayV2::Api" },
      Pool: { Type: "AWS::Cognito::UserPool" },
      Role: { Type: "AWS::IAM::Role" },
      Shop: { Type: "AWS::Lambda::Function" },
      ShopVersion: { Type: "AWS::Lambda::Version", Properties: { FunctionName: { Ref: "Shop" } } },
      ShopLive: {
        Type: "AWS::Lambda::Alias",
        Properties: {
          FunctionName: { Ref: "Shop" },
          FunctionVersion: { "Fn::GetAtt": ["ShopVersion", "Version"] },
          Name: "live",
        },
      },
      Odd: { Type: "AWS::Odd::Thing" },
      Absent: { Type: "AWS::IAM::Role", Condition: "No" },
    },
  },
});

test.each([
  [{ Ref: "Stock1A2B3C4D" }, "t1-Stock1A2B3C4D"],
  [{ Ref: "ShopLive" }, "arn:aws:lambda:local:000000000000:function:Shop:live"],
  [{ Ref: "ShopVersion" }, "arn:aws:lambda:local:000000000000:function:Shop:1"],
  [{ "Fn::GetAtt": ["ShopVersion", "Version"] }, "1"],
  [
    { "Fn::GetAtt": ["Stock1A2B3C4D", "Arn"] },
    "arn:aws:dynamodb:local:000000000000:table/t1-Stock1A2B3C4D",
  ],
  [{ "Fn::GetAtt": "Dead.Arn" }, "arn:aws:sqs:local:000000000000:letters"],
  [{ Ref: "Dead" }, "http://127.0.0.1:9/000000000000/letters"],
  [{ "Fn::Join": ["-", ["a", { Ref: "AWS::Region" }, { Ref: "Size" }]] }, "a-local-5"],
  [
    { "Fn::Sub": "${AWS::AccountId}/${Role}/${Role.Arn}/${!Kept}" },
    "000000000000/Role/arn:aws:iam::000000000000:role/Role/${Kept}",
  ],
  [{ "Fn::Sub": ["${X}", { X: { Ref: "Role" } }] }, "Role"],
  [{ "Fn::Select": [1, { "Fn::Split": [":", "a:b:c"] }] }, "b"],
  [{ "Fn::If": ["Yes", "yes", "no"] }, "yes"],
  [{ "Fn::If": ["Both", "yes", "no"] }, "no"],
  [{ "Fn::If": ["Either", "yes", "no"] }, "yes"],
  [{ "Fn::FindInMap": ["Names", { Ref: "AWS::Region" }, "short"] }, "l"],
  [{ a: { Ref: "AWS::NoValue" }, b: [{ Ref: "AWS::NoValue" }, 1] }, { b: [1] }],
  [{ Ref: "Odd" }, "Odd"],
])("%j is %j", (value, expected) => {
  expect(resolve(value)).toEqual(expected);
});

describe("the address of the API", () => {
  test("is the local one, however the template puts it together", () => {
    expect(resolve({ "Fn::GetAtt": ["Api", "ApiEndpoint"] })).toBe(url);
    const host = [{ Ref: "Api" }, "execute-api", { Ref: "AWS::Region" }, { Ref: "AWS::URLSuffix" }];
    const joined = { "Fn::Join": ["", ["https://", { "Fn::Join": [".", host] }, "/hooks"]] };
    expect(resolve(joined)).toBe(`${url}/hooks`);
  });
});

test("a user pool's issuer is what an authorizer builds from its id", () => {
  expect(resolve({ "Fn::GetAtt": ["Pool", "ProviderURL"] })).toBe(
    resolve({ "Fn::Sub": "https://cognito-idp.${AWS::Region}.amazonaws.com/${Pool}" }),
  );
});

test("a resource whose condition does not hold is not there", () => {
  expect(resources("AWS::IAM::Role").map(({ logicalId }) => logicalId)).toEqual(["Role"]);
});

test("what cannot be resolved is named", () => {
  expect(() => resolve({ Ref: "Nobody" })).toThrow(/Nobody/u);
  expect(() => resolve({ "Fn::GetAtt": ["Role", "Nothing"] })).toThrow(/Role has no Nothing/u);
  expect(() => resolve({ "Fn::ImportValue": "x" })).toThrow(/Fn::ImportValue/u);
});
