/** The reference of the HTTP API: what `GET /openapi.json` says, as a page to search and as one to look up every field. */
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { problems } from "../../functions/runtime/problem.ts";
import { endpoints } from "../../shared/api/index.ts";
import { openApiDocument } from "../../shared/api/openapi.ts";
import { root, staged } from "./places.ts";

/** The page with every field. It only shows; to try requests out there is the Docs door of `npm start`. */
const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast: the HTTP API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="./swagger-ui.css">
<style>body { margin: 0; font: 15px/1.5 system-ui, sans-serif; } nav { padding: 1rem 20px; }</style>
</head>
<body>
<nav><a href="../http-api.html">All operations, in short</a></nav>
<div id="reference"></div>
<script src="./swagger-ui-bundle.js"></script>
<script type="module">
  const spec = await (await fetch("./openapi.json")).json();
  SwaggerUIBundle({ spec, dom_id: "#reference", deepLinking: true, docExpansion: "list", supportedSubmitMethods: [] });
</script>
</body>
</html>
`;

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly tags: readonly [string];
}

/** A heading for each tag, a row for each operation, which leads to its fields. */
function operationsPage(paths: Readonly<Record<string, Record<string, Operation>>>): string {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ path, method, ...operation })),
  );
  const sections = Object.entries(Object.groupBy(operations, ({ tags: [tag] }) => tag)).map(
    ([tag, rows = []]) => {
      const lines = rows.map(({ path, method, summary, operationId }) => {
        const fields = `./http-reference/index.html#/${tag}/${operationId}`;
        const name = `\`${method.toUpperCase()} ${path}\``;
        return `| [${name}](${fields}){target="_self"} | ${summary} |`;
      });
      return `## ${tag}\n\n| operation | what it does |\n| --- | --- |\n${lines.join("\n")}\n`;
    },
  );
  return `# The HTTP API

Every operation in short; each leads to its [fields, examples and errors](./http-reference/index.html){target="_self"}.
[How the API behaves](./http.md) as a whole is told there, and
[openapi.json](./http-reference/openapi.json){target="_self"} is the contract itself, as \`GET /openapi.json\` answers it.

${sections.join("\n")}`;
}

/** Writes both pages beside the others. */
export function writeHttpReference(): void {
  const document = openApiDocument(endpoints, { problems });
  const folder = join(staged, "public", "http-reference");
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "openapi.json"), JSON.stringify(document));
  writeFileSync(join(folder, "index.html"), html);
  for (const file of ["swagger-ui.css", "swagger-ui-bundle.js"]) {
    copyFileSync(join(root, "node_modules", "swagger-ui-dist", file), join(folder, file));
  }
  writeFileSync(join(staged, "http-api.md"), operationsPage(document["paths"] as never));
}
