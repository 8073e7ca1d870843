/** The reference of the HTTP API, to read and to try out: `GET /_local/docs` shows what `/openapi.json` says. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ROOT } from "../root.ts";
import { fileAnswer, type Page, PageNotFound } from "./page.ts";

/** The files of Swagger UI that the page loads. */
const assets: Record<string, string> = {
  "swagger-ui.css": "text/css",
  "swagger-ui-bundle.js": "text/javascript",
};

/**
 * The page. Signing in is a field for a name: this machine is its own token issuer. Everything comes
 * from here, so that it works without a network.
 */
const html = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Holdfast: the HTTP API</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/_local/docs/swagger-ui.css">
<style>
  body { margin: 0; font: 15px/1.5 system-ui, sans-serif; }
  form { display: flex; gap: 1rem; align-items: center; flex-wrap: wrap;
    max-width: 1460px; margin: 0 auto; padding: 1rem 20px; box-sizing: border-box; }
  form strong { font-size: 1.2rem; margin-right: auto; }
  input[type=text] { font: inherit; padding: .25rem .5rem; }
</style>
</head>
<body>
<form aria-label="Who sends the requests">
  <strong>Holdfast: the HTTP API</strong>
  <label>Send requests as <input type="text" id="subject" value="alice" autocomplete="off"></label>
  <label><input type="checkbox" id="admin" checked> administrator</label>
</form>
<div id="reference"></div>
<script src="/_local/docs/swagger-ui-bundle.js"></script>
<script type="module">
  const subject = document.querySelector("#subject");
  const admin = document.querySelector("#admin");
  document.querySelector("form").addEventListener("submit", (event) => event.preventDefault());
  async function fetchToken(name) {
    const query = new URLSearchParams({ sub: name, ...(admin.checked ? { groups: "admin" } : {}) });
    const answer = await fetch("/_local/token?" + query);
    return (await answer.json()).access_token;
  }
  const reference = await (await fetch("/openapi.json")).json();
  SwaggerUIBundle({
    // Whatever this machine is called in the address bar, that is where requests go.
    spec: { ...reference, servers: [{ url: location.origin }] },
    dom_id: "#reference",
    deepLinking: true,
    docExpansion: "list",
    displayRequestDuration: true,
    tryItOutEnabled: true,
    async requestInterceptor(request) {
      if (subject.value) {
        request.headers.Authorization = "Bearer " + (await fetchToken(subject.value));
      }
      return request;
    },
  });
</script>
</body>
</html>
`;

/** `GET /_local/docs` */
export const docs: Page = ({ path: [file] }) => {
  if (file === undefined || file === "") return fileAnswer("text/html; charset=utf-8", html);
  const type = assets[file];
  if (!type) throw new PageNotFound(`the reference has no file ${file}`);
  return fileAnswer(type, readFileSync(join(ROOT, "node_modules", "swagger-ui-dist", file)));
};
