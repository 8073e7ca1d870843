/** Daily copies of every table in a vault of their own, for what a recovery to any second does not help with. */
import { RemovalPolicy } from "aws-cdk-lib";
import { BackupPlan, BackupPlanRule, BackupResource, BackupVault } from "aws-cdk-lib/aws-backup";
import type { Construct } from "constructs";
import type { Tables } from "./data.ts";

/** Copies every table each night and keeps 35 days; the vault outlives the stack. */
export function backUp(scope: Construct, tables: Tables): void {
  const backupVault = new BackupVault(scope, "Vault", { removalPolicy: RemovalPolicy.RETAIN });
  const plan = new BackupPlan(scope, "Backups", {
    backupVault,
    backupPlanRules: [BackupPlanRule.daily()],
  });
  plan.addSelection("Tables", {
    resources: Object.values(tables).map((table) => BackupResource.fromDynamoDbTable(table)),
  });
}
