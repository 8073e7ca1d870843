/** Makes the files of the pages that stand in a stack, with what they have to know of it. */
import {
  bundleScript,
  configPath,
  deployedPages,
  findScriptPath,
  readStyle,
  renderPage,
  stylePath,
} from "../../console/pages.ts";
import { getOutput, type StackOutputs } from "../aws/outputs.ts";

/** A file as it lies in the bucket. */
export interface PageFile {
  readonly key: string;
  readonly contentType: string;
  readonly body: string;
}

/** Who signs operators in, as the console asks for it. */
function tellSignIn(outputs: StackOutputs): object {
  const clientId = getOutput(outputs, "PagesClientId");
  const [audience] = getOutput(outputs, "Audience").split(",");
  // A user pool's tokens are for the client that asks; other issuers make them for an API that has a name.
  const isElsewhere = outputs["UserPoolId"] === undefined && audience !== clientId;
  return {
    issuer: getOutput(outputs, "Issuer"),
    clientId,
    adminGroup: getOutput(outputs, "AdminGroup"),
    ...(isElsewhere && { audience }),
  };
}

/** The key of a path in the bucket; the first page has the name that CloudFront looks for. */
const findKey = (path: string): string => (path === "/" ? "index.html" : path.slice(1));

/**
 * Bundles everything; pages come last, so that in an upload in this order no page asks for what is not there yet.
 *
 * @throws Error when an output of the stack is missing, or something does not compile
 */
export async function makePageFiles(outputs: StackOutputs): Promise<readonly PageFile[]> {
  const pages = Object.entries(deployedPages);
  const scripts = pages.map(async ([, page]) => ({
    path: findScriptPath(page),
    contentType: "text/javascript",
    body: await bundleScript(page),
  }));
  const config = JSON.stringify(tellSignIn(outputs));
  const parts = [
    ...(await Promise.all(scripts)),
    { path: stylePath, contentType: "text/css", body: await readStyle() },
    { path: configPath, contentType: "application/json", body: config },
    ...pages.map(([path, page]) => ({
      path,
      contentType: "text/html",
      body: renderPage(page, true),
    })),
  ];
  return parts.map(({ path, contentType, body }) => {
    return { key: findKey(path), contentType: `${contentType}; charset=utf-8`, body };
  });
}
