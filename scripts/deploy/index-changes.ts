/** Guards what CloudFormation refuses halfway: more than one index made or dropped per table and update. */
import { tableNames, tableShapes, type TableShape } from "../../infra/table-shapes.ts";

/** The part of a deployed template that is looked at. */
export interface Template {
  readonly Resources?: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: {
          readonly GlobalSecondaryIndexes?: readonly { readonly IndexName: string }[];
        };
      }
    >
  >;
}

/** A table of a template by its name in our sources: the CDK puts eight characters behind it. */
function deployedIndexes(template: Template, name: string): string[] | undefined {
  const found = Object.entries(template.Resources ?? {}).find(
    ([id, { Type }]) => Type === "AWS::DynamoDB::Table" && id.replace(/[0-9A-F]{8}$/, "") === name,
  );
  return (
    found && (found[1].Properties?.GlobalSecondaryIndexes ?? []).map(({ IndexName }) => IndexName)
  );
}

/** A message for each table that would get or lose more than one index at once, or be dropped altogether. */
export function indexChanges(
  deployed: Template,
  shapes: Readonly<Record<string, TableShape>> = tableShapes,
  names: readonly string[] = tableNames,
): string[] {
  return names.flatMap((name) => {
    const before = deployedIndexes(deployed, name);
    if (!before) return [];
    const after = Object.keys(shapes[name]?.indexes ?? {});
    const made = after.filter((index) => !before.includes(index));
    const dropped = before.filter((index) => !after.includes(index));
    const changes = [...made, ...dropped];
    if (changes.length <= 1) return [];
    return [
      `${name} would change ${changes.length} indexes at once (${changes.join(", ")}): DynamoDB takes one per update, so deploy in between`,
    ];
  });
}
