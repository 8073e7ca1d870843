/** The pages for people: what each is called and begins with, and how what a browser loads is made of that. */
import { readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { build } from "esbuild";

const folder = import.meta.dirname;

/** A page. */
export interface Page {
  readonly title: string;
  /** The file it begins with, in this folder. */
  readonly entry: string;
}

const operator: Page = { title: "Holdfast: console", entry: "operator/operator.tsx" };

/** What `npm start` shows, by path. */
export const localPages: Readonly<Record<string, Page>> = {
  "/": { title: "Holdfast", entry: "start/start.tsx" },
  "/console": operator,
  "/shop": { title: "Holdfast: shop", entry: "shop/shop.tsx" },
};

/** What stands in a stack, by path: nobody plays shoppers there. */
export const deployedPages: Readonly<Record<string, Page>> = {
  "/": { title: "Holdfast", entry: "start/front.tsx" },
  "/console": operator,
};

/** Where every page finds its style. */
export const stylePath = "/_site/style.css";

/** Where a deployed page finds who signs people in. */
export const configPath = "/_site/config.json";

/** Where a page finds its script. */
export const findScriptPath = ({ entry }: Page): string => `/_site/${basename(entry, ".tsx")}.js`;

/** A page in HTML; a deployed one says where it finds who signs people in. */
export function renderPage(page: Page, isDeployed: boolean): string {
  return `<!doctype html>
<html lang="en"${isDeployed ? ` data-config="${configPath}"` : ""}>
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${page.title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${stylePath}">
<script type="module" src="${findScriptPath(page)}"></script>
</head>
<body><main><h1>${page.title}</h1></main></body>
</html>
`;
}

/** The style of all pages. */
export const readStyle = (): Promise<string> => readFile(join(folder, "style.css"), "utf8");

/** A page's script, with everything that it imports. @throws Error with esbuild's own words */
export async function bundleScript({ entry }: Page): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, entry)],
    bundle: true,
    format: "esm",
    target: "es2022",
    minify: true,
    jsx: "automatic",
    jsxImportSource: "preact",
    write: false,
  });
  return outputFiles[0]!.text;
}
