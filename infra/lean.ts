/** What a bundle leaves out: parts of packages that no function of ours ever reaches, and providers not granted. */
import { readFileSync } from "node:fs";
import type { Plugin } from "esbuild";

const root = new URL("..", import.meta.url).pathname;
const nowhere = "left-out";

/** Modules that stand in for what is left out, by the pattern of what is imported. */
const standIns: readonly { readonly of: RegExp; readonly by: RegExp; readonly contents: string }[] =
  [
    // Error messages in fifty languages, of which answers use one.
    { of: /\/locales\/index\.js$/, by: /\/node_modules\/zod\//, contents: "export {};" },
    // Types of files by their endings: for uploads, which no call of ours is.
    { of: /^mime-db$|\/db\.json$/, by: /\/node_modules\/mime-/, contents: "module.exports = {};" },
    // Lambda hands its credentials over in the environment: no profile, no SSO, no metadata service is asked.
    {
      of: /^@aws-sdk\/credential-provider-node$/,
      by: /./,
      contents: 'export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";',
    },
  ];

/** `createStripe` of the module that stands in for `stripe.ts`: nobody calls it without the secret's name. */
function absentProvider(name: string): string {
  const factory = `create${name[0]!.toUpperCase()}${name.slice(1)}`;
  return `export const ${factory} = () => { throw new Error("This function was not granted ${name}"); };`;
}

/**
 * Makes bundles lean.
 *
 * @param absent the payment providers whose secrets the functions may not read: their code, and their
 *   SDKs, stay out.
 */
export function leaveOut(absent: readonly string[]): Plugin {
  return {
    name: "leave-out",
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path, importer }) => {
        const standIn = standIns.find(({ of, by }) => of.test(path) && by.test(importer));
        if (standIn) return { path, namespace: nowhere, pluginData: standIn.contents };
        const provider = /^(?:.*\/providers|\.)\/([a-z]+)\.ts$/.exec(path)?.[1] ?? "";
        if (!absent.includes(provider)) return undefined;
        return { path, namespace: nowhere, pluginData: absentProvider(provider) };
      });
      build.onLoad({ filter: /./, namespace: nowhere }, ({ pluginData }) => ({
        contents: pluginData as string,
        resolveDir: `${root}node_modules/@aws-sdk/client-dynamodb`,
      }));
      // `z` is an object of everything that zod has; of a namespace only what is named stays.
      build.onLoad({ filter: /\/(?:shared|functions)\/.*\.ts$/ }, ({ path }) => ({
        contents: readFileSync(path, "utf8").replace(
          'import { z } from "zod"',
          'import * as z from "zod"',
        ),
        loader: "ts",
      }));
    },
  };
}
