/** A restored table takes the place of the stack's own: everything follows it, and nothing of the stack's own goes. */
import { Match } from "aws-cdk-lib/assertions";
import { expect, test } from "vitest";
import { streamedTables } from "../../infra/data.ts";
import { tableNames } from "../../infra/table-shapes.ts";
import { buildStack, resourcesOf, synthesize } from "./synthesize.ts";

const label = "2026-11-27T07:31:51.123";
const streamed: readonly string[] = [...streamedTables, "Outbox"];
const nameOf = (table: string) => `restored-${table}`;
const entryOf = (table: string) =>
  `${table}=${nameOf(table)}${streamed.includes(table) ? `@${label}` : ""}`;
const vault = "arn:aws:backup:eu-west-1:111122223333:backup-vault:shop";

const plain = synthesize();
const all = synthesize({
  backups: "on",
  backupCopyTo: vault,
  restoredTables: tableNames.map(entryOf).join(","),
});
const one = synthesize({ restoredTables: entryOf("Orders") });

/** Everything of a template but its tables, as text: who in it speaks of which table. */
function restOf(template: typeof plain): string {
  const { Resources } = template.toJSON() as { Resources: Record<string, { Type: string }> };
  return JSON.stringify(
    Object.entries(Resources).filter(([, { Type }]) => Type !== "AWS::DynamoDB::Table"),
  );
}

const ownTables = resourcesOf(plain, "AWS::DynamoDB::Table").map(([id]) => id);

test("the stack's own tables stay declared as they were, so that none is deleted and the way back is open", () => {
  for (const template of [all, one]) {
    expect(resourcesOf(template, "AWS::DynamoDB::Table")).toEqual(
      resourcesOf(plain, "AWS::DynamoDB::Table"),
    );
  }
});

test("functions, rights, streams and copies follow all restored tables: nothing else speaks of the stack's own", () => {
  const rest = restOf(all);
  for (const id of ownTables) expect(rest).not.toContain(id);
  for (const table of tableNames) expect(rest).toContain(`table/${nameOf(table)}`);
  const mappings = resourcesOf<{ EventSourceArn: unknown }>(all, "AWS::Lambda::EventSourceMapping");
  const sources = mappings.map(([, { Properties }]) => JSON.stringify(Properties.EventSourceArn));
  for (const table of streamed) {
    expect(sources.join()).toContain(`:table/${nameOf(table)}/stream/${label}`);
  }
  expect(sources).toHaveLength(resourcesOf(plain, "AWS::Lambda::EventSourceMapping").length);
});

test("one table may be restored alone; the others are the stack's own", () => {
  const rest = restOf(one);
  for (const id of ownTables) {
    if (id.startsWith("Orders")) expect(rest).not.toContain(id);
    else expect(rest).toContain(id);
  }
  one.hasResourceProperties("AWS::Lambda::Function", {
    Description: "functions/orders.ts",
    Environment: { Variables: Match.objectLike({ ORDERS_TABLE: nameOf("Orders") }) },
  });
});

test("rights are the same, action by action, whichever table they are for", () => {
  const statements = (template: typeof plain) =>
    resourcesOf<{ PolicyDocument: { Statement: { Action: string | string[] }[] } }>(
      template,
      "AWS::IAM::Policy",
    ).map(([id, { Properties }]) => [
      id,
      Properties.PolicyDocument.Statement.map(({ Action }) => Action),
    ]);
  const backupsOwn = ([id]: unknown[]) => String(id).startsWith("Backups");
  expect(statements(all).filter((entry) => !backupsOwn(entry))).toEqual(statements(plain));
});

test("each daily copy goes to the vault elsewhere, and is kept there as long", () => {
  const copy = { DestinationBackupVaultArn: vault, Lifecycle: { DeleteAfterDays: 35 } };
  all.hasResourceProperties("AWS::Backup::BackupPlan", {
    BackupPlan: {
      BackupPlanRule: [
        Match.objectLike({ CopyActions: [copy], Lifecycle: { DeleteAfterDays: 35 } }),
      ],
    },
  });
});

test.each([
  [{ backupCopyTo: vault }, "backups=on"],
  [{ backups: "on", backupCopyTo: "shop" }, "ARN of a backup vault"],
  [{ restoredTables: "Order=orders-restored" }, "knows no table Order"],
  [{ restoredTables: "Orders=orders-restored" }, "Orders=NAME@LABEL"],
  [{ restoredTables: `Movements=movements@${label}` }, "which has none"],
  [{ restoredTables: `${entryOf("Orders")},${entryOf("Orders")}` }, "twice"],
  [{ restoredTables: "Orders" }, "pairs like"],
])("%j is refused: %s", (context, told) => {
  expect(() => buildStack(context)).toThrow(told);
});
