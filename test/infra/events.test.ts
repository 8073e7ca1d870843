/** What leaves, in the template: the bus, its archive, and who may put something on it. */
import { expect, test } from "vitest";
import { resourcesOf, synthesize } from "./synthesize.ts";

const dev = synthesize();
const [busId] = resourcesOf(dev, "AWS::Events::EventBus")[0]!;

test("each stage has a bus of its own, whose archive keeps what left for 90 days", () => {
  dev.hasResourceProperties("AWS::Events::EventBus", { Name: "holdfast-dev" });
  dev.hasResourceProperties("AWS::Events::Archive", {
    ArchiveName: "holdfast-dev",
    SourceArn: { "Fn::GetAtt": [busId, "Arn"] },
    EventPattern: { source: ["holdfast"] },
    RetentionDays: 90,
  });
  const outputs = dev.findOutputs("*");
  expect(outputs["EventBusArn"]).toMatchObject({ Value: { "Fn::GetAtt": [busId, "Arn"] } });
});

test("one function puts events on it, and sees new events alone", () => {
  const policies = resourcesOf<{ PolicyDocument: { Statement: { Action: unknown }[] } }>(
    dev,
    "AWS::IAM::Policy",
  ).flatMap(([id, { Properties }]) =>
    Properties.PolicyDocument.Statement.filter(({ Action }) => Action === "events:PutEvents").map(
      (statement) => [id.slice(0, -8), statement],
    ),
  );
  expect(policies).toEqual([
    [
      "EventBusFunctionRoleDefaultPolicy",
      { Action: "events:PutEvents", Effect: "Allow", Resource: { "Fn::GetAtt": [busId, "Arn"] } },
    ],
  ]);
  const pattern = {
    eventName: ["INSERT"],
    dynamodb: { NewImage: { id: { S: [{ exists: true }] } } },
  };
  dev.hasResourceProperties("AWS::Lambda::EventSourceMapping", {
    FilterCriteria: { Filters: [{ Pattern: JSON.stringify(pattern) }] },
  });
});
