/** Writes the page of the documentation that lists every setting, out of their definitions. */
import { type Definition, sections } from "./definition.ts";
import { definitions, providerDefinitions } from "./definitions.ts";

function takes(definition: Definition): string {
  if (definition.kind === "choice") {
    return definition.choices.map((choice) => `\`${choice}\``).join(" or ");
  }
  if (definition.kind !== "number") return definition.like;
  return `${definition.least} to ${definition.most.toLocaleString("en")} ${definition.unit}`;
}

function otherwise(definition: Definition): string {
  if (definition.kind === "choice") return definition.otherwise ?? `\`${definition.choices[0]}\``;
  if (definition.default !== undefined) return `\`${definition.default}\``;
  return "otherwise" in definition ? definition.otherwise! : "none";
}

function rows(section: string): string[] {
  const entries: [string, Definition][] = [
    ...Object.entries(definitions),
    ...Object.entries(providerDefinitions).map(([part, definition]): [string, Definition] => [
      `payment.<provider>.${part}`,
      definition,
    ]),
  ];
  return entries
    .filter(([, definition]) => definition.section === section)
    .map(
      ([key, definition]) =>
        `| \`${key}\` | ${takes(definition)} | ${otherwise(definition)} | ${definition.does} |`,
    );
}

const introduction = `# Settings

CDK context, by \`-c key=value\`: \`npm start -- -c holdSeconds=60\` on this machine,
\`npm run deploy -- --stage staging -c holdSeconds=60\` for AWS. What is always the same for you may stand in
\`cdk.json\` under \`context\`. A key that is not in these tables is refused, and so is a value that does not fit.

This page is written from \`infra/settings/definitions.ts\`; a test compares the two
(\`npx vitest run --project infra settings -u\` writes it anew).
`;

/** The whole page, in Markdown that still has to be formatted. */
export function settingsPage(): string {
  const tables = sections.map((section) =>
    [
      `## ${section}`,
      "",
      "| key | takes | otherwise | what it does |",
      "| --- | --- | --- | --- |",
      ...rows(section),
      "",
    ].join("\n"),
  );
  return [introduction, ...tables].join("\n");
}
