/**
 * What a refactoring must never replace: whatever keeps state, or has a name that others know. CloudFormation makes a
 * new, empty one under another logical id, or where a property changes that cannot be changed in place.
 */
import { expect, test } from "vitest";
import { resourcesOf, synthesize } from "./synthesize.ts";

/** By type: what is kept under which logical id, and what of it cannot be changed in place. */
const kept: Readonly<
  Record<string, { readonly ids: readonly string[]; readonly fixed: readonly string[] }>
> = {
  "AWS::DynamoDB::Table": {
    ids: [
      "Audit3D8ADE0A",
      "CartsEE95721F",
      "Documents7E5B2978",
      "EventsD32975C2",
      "Insight9D116CB5",
      "Live848578DF",
      "LocksF3C5D457",
      "MovementsD0022A57",
      "OrdersA9B65338",
      "Outbox27BBF20A",
      "Owners0FE414D7",
      "PeopleE38C8D03",
      "Promotions434D5DFF",
      "RequestsC42AC379",
      "Shoppers1DF065BB",
      "Stock38709CBC",
      "WebhooksA50342DA",
    ],
    fixed: ["TableName", "KeySchema"],
  },
  "AWS::Cognito::UserPool": {
    ids: ["Users0A0EEA89"],
    fixed: ["UsernameAttributes", "AliasAttributes", "UsernameConfiguration"],
  },
  // Its id is the audience of every token.
  "AWS::Cognito::UserPoolClient": {
    ids: ["UsersClient3B43F2CF"],
    fixed: ["UserPoolId", "GenerateSecret"],
  },
  "AWS::SecretsManager::Secret": {
    ids: [
      "MercadopagoSecret47B96132",
      "RazorpaySecret353CE86C",
      "StripeSecret80A38A68",
      "WompiSecret85657263",
    ],
    fixed: ["Name"],
  },
  "AWS::S3::Bucket": { ids: ["DeadRecords5115AF2A"], fixed: ["BucketName"] },
  "AWS::SQS::Queue": {
    ids: ["ChangesDeadLetters37C34DF2", "SweepDeadLettersBE53EB73"],
    fixed: ["QueueName", "FifoQueue"],
  },
  // Clients and payment providers have their addresses.
  "AWS::ApiGatewayV2::Api": {
    ids: ["ApiF70053CD", "LiveApiB77CC7CA"],
    fixed: ["ProtocolType"],
  },
  "AWS::Events::EventBus": { ids: ["EventBus7B8748AA"], fixed: ["Name"] },
  "AWS::Events::Archive": { ids: ["EventArchive336EADAF"], fixed: ["ArchiveName", "SourceArn"] },
  // Each address has confirmed its subscription.
  "AWS::SNS::Topic": { ids: ["Alarms04B5A0BF"], fixed: ["TopicName"] },
};

const prod = synthesize({ stage: "prod" });

test.each(Object.entries(kept))("every %s keeps its logical id", (type, { ids }) => {
  const found = resourcesOf(prod, type).map(([id]) => id);
  expect(found).toEqual(expect.arrayContaining([...ids]));
});

test("a new table is pinned, too", () => {
  const tables = resourcesOf(prod, "AWS::DynamoDB::Table").map(([id]) => id);
  expect(tables.toSorted()).toEqual(kept["AWS::DynamoDB::Table"]!.ids);
});

test("what cannot be changed in place stays what it is", () => {
  const state = Object.entries(kept).flatMap(([type, { ids, fixed }]) => {
    const resources = new Map(resourcesOf(prod, type));
    return ids.map((id) => {
      const properties = resources.get(id)!.Properties ?? {};
      const values = fixed.flatMap((key) => (key in properties ? [[key, properties[key]]] : []));
      return `${id} ${JSON.stringify(Object.fromEntries(values))}`;
    });
  });
  expect(state).toMatchInlineSnapshot(`
    [
      "Audit3D8ADE0A {"KeySchema":[{"AttributeName":"subject","KeyType":"HASH"},{"AttributeName":"at","KeyType":"RANGE"}]}",
      "CartsEE95721F {"KeySchema":[{"AttributeName":"cartId","KeyType":"HASH"}]}",
      "Documents7E5B2978 {"KeySchema":[{"AttributeName":"documentId","KeyType":"HASH"}]}",
      "EventsD32975C2 {"KeySchema":[{"AttributeName":"eventKey","KeyType":"HASH"}]}",
      "Insight9D116CB5 {"KeySchema":[{"AttributeName":"about","KeyType":"HASH"},{"AttributeName":"span","KeyType":"RANGE"}]}",
      "Live848578DF {"KeySchema":[{"AttributeName":"about","KeyType":"HASH"},{"AttributeName":"connectionId","KeyType":"RANGE"}]}",
      "LocksF3C5D457 {"KeySchema":[{"AttributeName":"resource","KeyType":"HASH"}]}",
      "MovementsD0022A57 {"KeySchema":[{"AttributeName":"itemId","KeyType":"HASH"},{"AttributeName":"movementId","KeyType":"RANGE"}]}",
      "OrdersA9B65338 {"KeySchema":[{"AttributeName":"orderId","KeyType":"HASH"}]}",
      "Outbox27BBF20A {"KeySchema":[{"AttributeName":"resource","KeyType":"HASH"},{"AttributeName":"sequence","KeyType":"RANGE"}]}",
      "Owners0FE414D7 {"KeySchema":[{"AttributeName":"userId","KeyType":"HASH"}]}",
      "PeopleE38C8D03 {"KeySchema":[{"AttributeName":"personId","KeyType":"HASH"}]}",
      "Promotions434D5DFF {"KeySchema":[{"AttributeName":"code","KeyType":"HASH"}]}",
      "RequestsC42AC379 {"KeySchema":[{"AttributeName":"requestId","KeyType":"HASH"}]}",
      "Shoppers1DF065BB {"KeySchema":[{"AttributeName":"shopperId","KeyType":"HASH"}]}",
      "Stock38709CBC {"KeySchema":[{"AttributeName":"itemId","KeyType":"HASH"},{"AttributeName":"shard","KeyType":"RANGE"}]}",
      "WebhooksA50342DA {"KeySchema":[{"AttributeName":"about","KeyType":"HASH"},{"AttributeName":"part","KeyType":"RANGE"}]}",
      "Users0A0EEA89 {"UsernameAttributes":["email"]}",
      "UsersClient3B43F2CF {"UserPoolId":{"Ref":"Users0A0EEA89"},"GenerateSecret":false}",
      "MercadopagoSecret47B96132 {}",
      "RazorpaySecret353CE86C {}",
      "StripeSecret80A38A68 {}",
      "WompiSecret85657263 {}",
      "DeadRecords5115AF2A {}",
      "ChangesDeadLetters37C34DF2 {}",
      "SweepDeadLettersBE53EB73 {}",
      "ApiF70053CD {"ProtocolType":"HTTP"}",
      "LiveApiB77CC7CA {"ProtocolType":"WEBSOCKET"}",
      "EventBus7B8748AA {"Name":"holdfast-prod"}",
      "EventArchive336EADAF {"ArchiveName":"holdfast-prod","SourceArn":{"Fn::GetAtt":["EventBus7B8748AA","Arn"]}}",
      "Alarms04B5A0BF {}",
    ]
  `);
});

test("a stage that is no production has the same, and what is only there for trying things", () => {
  const dev = synthesize();
  for (const [type, { ids }] of Object.entries(kept)) {
    expect(resourcesOf(dev, type).map(([id]) => id)).toEqual(expect.arrayContaining([...ids]));
  }
});
