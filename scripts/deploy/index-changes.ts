/** Guards what CloudFormation refuses halfway: more than one index made or dropped per table and update, or one altered. */
import {
  type IndexShape,
  tableNames,
  tableShapes,
  type TableShape,
} from "../../infra/table-shapes.ts";

/** An index as a template has it. */
interface DeployedIndex {
  readonly IndexName: string;
  readonly KeySchema?: readonly { readonly AttributeName: string }[];
  readonly Projection?: { readonly ProjectionType?: string };
}

/** The part of a deployed template that is looked at. */
export interface Template {
  readonly Resources?: Readonly<
    Record<
      string,
      {
        readonly Type: string;
        readonly Properties?: { readonly GlobalSecondaryIndexes?: readonly DeployedIndex[] };
      }
    >
  >;
}

/** A table of a template by its name in our sources: the CDK puts eight characters behind it. */
function deployedIndexes(template: Template, name: string): readonly DeployedIndex[] | undefined {
  const found = Object.entries(template.Resources ?? {}).find(
    ([id, { Type }]) => Type === "AWS::DynamoDB::Table" && id.replace(/[0-9A-F]{8}$/, "") === name,
  );
  return found && (found[1].Properties?.GlobalSecondaryIndexes ?? []);
}

/** Whether an index of the same name has other keys, or carries more or less; the order of keys is partition, sort. */
function isAltered({ KeySchema, Projection }: DeployedIndex, shape: IndexShape): boolean {
  const keys = KeySchema?.map(({ AttributeName }) => AttributeName).join();
  return (
    (keys !== undefined && keys !== `${shape.partition.name},${shape.sort.name}`) ||
    (Projection !== undefined && Projection.ProjectionType !== shape.projection)
  );
}

/** A message for each table that would get or lose more than one index at once, or keep one under its name but altered. */
export function indexChanges(
  deployed: Template,
  shapes: Readonly<Record<string, TableShape>> = tableShapes,
  names: readonly string[] = tableNames,
): string[] {
  return names.flatMap((name) => {
    const before = deployedIndexes(deployed, name);
    if (!before) return [];
    const after = shapes[name]?.indexes ?? {};
    const made = Object.keys(after).filter((index) =>
      before.every(({ IndexName }) => IndexName !== index),
    );
    const dropped = before.map(({ IndexName }) => IndexName).filter((index) => !(index in after));
    const altered = before.filter((index) => {
      const shape = after[index.IndexName];
      return shape !== undefined && isAltered(index, shape);
    });
    const changes = [...made, ...dropped];
    return [
      ...altered.map(
        ({ IndexName }) =>
          `${name} would alter its index ${IndexName}: DynamoDB cannot; make one under another name, and drop this one in a later update`,
      ),
      ...(changes.length > 1
        ? [
            `${name} would change ${changes.length} indexes at once (${changes.join(", ")}): DynamoDB takes one per update, so deploy in between`,
          ]
        : []),
    ];
  });
}
