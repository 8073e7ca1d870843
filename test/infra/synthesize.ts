/** Builds the real stack inside a test: real contract, real functions, nothing bundled, nothing written. */
import { mkdtempSync, readFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { App } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { readSettings } from "../../infra/settings/settings.ts";
import { HoldfastStack } from "../../infra/stack.ts";
import { endpoints } from "../../shared/api/index.ts";

/** Context as `cdk synth -c key=value` would give it, on top of what cdk.json says. */
export type Context = Readonly<Record<string, string>>;

/** A resource of a template, as far as the tests look into it. */
export interface Resource<P = Record<string, unknown>> {
  readonly Type: string;
  readonly Properties: P;
  readonly DeletionPolicy?: string;
}

/** The stack in memory; bundling is left out, which is what takes the time. */
export function buildStack(context: Context = {}): { app: App; stack: HoldfastStack } {
  const { context: flags } = JSON.parse(readFileSync("cdk.json", "utf8"));
  const app = new App({
    context: { ...flags, "aws:cdk:bundling-stacks": [], ...context },
    outdir: mkdtempSync(join(tmpdir(), "holdfast-synth-")),
  });
  const stack = new HoldfastStack(app, { settings: readSettings(app.node), endpoints });
  return { app, stack };
}

const templates = new Map<string, Template>();

/** The template that a context leads to; made once for all tests that share this module. */
export function synthesize(context: Context = {}): Template {
  const key = JSON.stringify(context);
  const template = templates.get(key) ?? Template.fromStack(buildStack(context).stack);
  templates.set(key, template);
  return template;
}

/** The resources of one type by logical id. */
export function resourcesOf<P = Record<string, unknown>>(
  template: Template,
  type: string,
): [string, Resource<P>][] {
  return Object.entries(template.findResources(type)) as unknown as [string, Resource<P>][];
}
