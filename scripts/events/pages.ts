/** A page for each type of event: what it tells, an example, and what its fields are, from the contract. */
import { format } from "prettier";
import { eventDataSchemas } from "../../shared/api/asyncapi.ts";
import { eventSummaries } from "../../shared/api/events.ts";
import type { EventType } from "../../shared/base/event-type.ts";
import { eventExamples } from "./examples.ts";

interface Schema {
  readonly type?: string;
  readonly enum?: readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
}

const markdown = { parser: "markdown", printWidth: 100 } as const;

const nameType = ({ type = "", enum: words, items, anyOf }: Schema): string => {
  if (words) return words.map((word) => `\`${word}\``).join(", ");
  if (anyOf) return anyOf.map(nameType).join(" or ");
  return items ? `list of ${nameType(items)}` : String(type).replace(",", " or ");
};

/** A row for each field, those of a list or of a part of it below their name. */
function rowsOf(schema: Schema, place: string): string[][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const path = `${place}${name}`;
    const isSure = schema.required?.includes(name) === true;
    const own = [`\`${path}\``, nameType(field), isSure ? "always" : "", field.description ?? ""];
    const parts = [field, ...(field.anyOf ?? [])].flatMap((part) => [
      ...rowsOf(part, `${path}.`),
      ...rowsOf(part.items ?? {}, `${path}[].`),
    ]);
    return [own, ...parts];
  });
}

const table = (rows: readonly (readonly string[])[]): string =>
  rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");

/** The list of the pages. */
export async function eventIndex(): Promise<string> {
  const rows = [...eventExamples.keys()].map((type) => [
    `[${type}](${pageName(type)})`,
    eventSummaries[type],
  ]);
  const about = "Made by `node scripts/events/generate.ts`. What they have in common is told in";
  const list = table([["event", "when"], ["-", "-"], ...rows]);
  return format(`# Events by type\n\n${about} [events](../events.md).\n\n${list}`, markdown);
}

/** Where the page of a type is kept, below `docs/events`. */
export const pageName = (type: EventType): string => `${type}.md`;

/** The page of a type of which there is an example. */
export async function eventPage(type: EventType): Promise<string> {
  const schema = eventDataSchemas()[type] as Schema;
  const page = [
    `# ${type}`,
    eventSummaries[type],
    `\`\`\`json\n${JSON.stringify(eventExamples.get(type), undefined, 2)}\n\`\`\``,
    "What `data` carries:",
    table([["field", "type", "there", "what"], ["-", "-", "-", "-"], ...rowsOf(schema, "")]),
    `The fields around it are told in [events](../events.md); as JSON Schema both are the message \`${type}\` of [asyncapi.json](../asyncapi.json).`,
  ].join("\n\n");
  return format(page, markdown);
}
