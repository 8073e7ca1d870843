/** The pages for people: the first page at `/`, `/console` and `/shop`, bundled anew each time, as the editor is. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";
import type { HttpAnswer } from "../http/answer.ts";
import { ROOT } from "../root.ts";

const folder = join(ROOT, "console");

/** Path, title and entry of each page. */
const pages = {
  "/": ["Holdfast", "start/start"],
  "/console": ["Holdfast: console", "operator/operator"],
  "/shop": ["Holdfast: shop", "shop/shop"],
} as const;

type Path = keyof typeof pages;

const isPage = (path: string): path is Path => Object.hasOwn(pages, path);
const scriptPath = (path: Path): string => `/_site/${pages[path][1].split("/")[1]}.js`;

/** Only what comes from here runs and is shown; pages may show each other, and nobody else may show them. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "frame-src 'self'",
  "frame-ancestors 'self'",
  "base-uri 'none'",
  "form-action 'none'",
];

function renderPage(path: Path): string {
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${pages[path][0]}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/_site/style.css">
<script type="module" src="${scriptPath(path)}"></script>
</head>
<body></body>
</html>
`;
}

async function bundle(entry: string): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [join(folder, `${entry}.tsx`)],
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

function answer(contentType: string, body: string, host: string): HttpAnswer {
  // The address of a WebSocket says 127.0.0.1 whatever this machine is called in the address bar.
  const port = host.replace(/^.*:/, "");
  const connections = `connect-src 'self' ws://127.0.0.1:${port}`;
  const headers = {
    "content-type": `${contentType}; charset=utf-8`,
    "cache-control": "no-store",
    "content-security-policy": [...policy, connections].join("; "),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
  };
  return { status: 200, headers, body };
}

/** The answer to a request for a page or a part of one; undefined where the path is none of theirs. */
export async function serveSite(path: string, host: string): Promise<HttpAnswer | undefined> {
  if (isPage(path)) return answer("text/html", renderPage(path), host);
  if (path === "/_site/style.css") {
    return answer("text/css", await readFile(join(folder, "style.css"), "utf8"), host);
  }
  const page = (Object.keys(pages) as Path[]).find((each) => scriptPath(each) === path);
  return page && answer("text/javascript", await bundle(pages[page][1]), host);
}
