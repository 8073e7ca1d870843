/** The pages for people: the first page at `/`, `/console` and `/shop`, bundled anew each time, as the editor is. */
import {
  bundleScript,
  findScriptPath,
  localPages,
  readStyle,
  renderPage,
  stylePath,
} from "../../console/pages.ts";
import type { HttpAnswer } from "../http/answer.ts";

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
  const page = Object.hasOwn(localPages, path) ? localPages[path] : undefined;
  if (page) return answer("text/html", renderPage(page, false), host);
  if (path === stylePath) return answer("text/css", await readStyle(), host);
  const asked = Object.values(localPages).find((each) => findScriptPath(each) === path);
  return asked && answer("text/javascript", await bundleScript(asked), host);
}
