/** Daily copies of every table in a vault of their own, for what a recovery to any second does not help with. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from "aws-cdk-lib/aws-backup";
import { Schedule } from "aws-cdk-lib/aws-events";
import type { Construct } from "constructs";
import type { Tables } from "./data.ts";
import type { Keeping } from "./settings/keeping.ts";

/** How long a copy is kept, here and elsewhere: as long as a table can be brought back to any second. */
const keptFor = Duration.days(35);

/**
 * Copies every table each night and keeps 35 days; the vault outlives the stack. With `backupCopyTo` each copy is
 * copied to that vault, too: who can delete everything here cannot delete it there.
 *
 * @see docs/restore.md
 */
export function backUp(scope: Construct, tables: Tables, { backupCopyTo }: Keeping): void {
  const backupVault = new BackupVault(scope, "Vault", { removalPolicy: RemovalPolicy.RETAIN });
  const elsewhere =
    backupCopyTo === undefined
      ? undefined
      : BackupVault.fromBackupVaultArn(scope, "VaultElsewhere", backupCopyTo);
  const plan = new BackupPlan(scope, "Backups", {
    backupVault,
    backupPlanRules: [
      new BackupPlanRule({
        ruleName: "Daily",
        scheduleExpression: Schedule.cron({ hour: "5", minute: "0" }),
        deleteAfter: keptFor,
        ...(elsewhere && {
          copyActions: [{ destinationBackupVault: elsewhere, deleteAfter: keptFor }],
        }),
      }),
    ],
  });
  const selection = plan.addSelection("Tables", {
    resources: Object.values(tables).map((table) => BackupResource.fromDynamoDbTable(table)),
  });
  Validations.of(selection).acknowledge({
    id: "AwsSolutions-IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSBackupServiceRolePolicyForBackup]",
    reason:
      "What AWS Backup has to be allowed is AWS's to say and to extend: the role is for its service alone",
  });
}
