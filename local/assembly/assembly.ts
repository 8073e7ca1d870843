/** Reads a synthesized cloud assembly: its one stack's template and where each function's bundle lies. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** One resource of the template, as CloudFormation would get it: properties still hold intrinsics. */
export interface Resource {
  readonly Type: string;
  readonly Properties?: Record<string, unknown>;
  readonly Condition?: string;
  readonly UpdatePolicy?: Record<string, unknown>;
  readonly Metadata?: Record<string, unknown>;
}

/** The parts of a CloudFormation template that this runner understands. */
export interface Template {
  readonly Resources: Record<string, Resource>;
  readonly Parameters?: Record<string, { Default?: unknown }>;
  readonly Conditions?: Record<string, unknown>;
  readonly Mappings?: Record<string, Record<string, Record<string, unknown>>>;
  readonly Outputs?: Record<string, { Value: unknown }>;
}

/** What the runner needs to know of an assembly. */
export interface Assembly {
  readonly directory: string;
  readonly stackName: string;
  readonly template: Template;
  /** From the object key that a function's code names (`<hash>.zip`) to the directory with its files. */
  readonly assets: Map<string, string>;
}

interface Artifact {
  readonly type: string;
  readonly properties?: { templateFile?: string; file?: string; stackName?: string };
}

interface AssetManifest {
  readonly files?: Record<
    string,
    { source: { path?: string }; destinations: Record<string, { objectKey: string }> }
  >;
}

function readJson<T>(...path: string[]): T {
  return JSON.parse(readFileSync(join(...path), "utf8")) as T;
}

function readAssets(directory: string, artifacts: [string, Artifact][]): Map<string, string> {
  const assets = new Map<string, string>();
  for (const [, artifact] of artifacts) {
    if (artifact.type !== "cdk:asset-manifest" || !artifact.properties?.file) continue;
    const manifest = readJson<AssetManifest>(directory, artifact.properties.file);
    for (const file of Object.values(manifest.files ?? {})) {
      if (!file.source.path) continue;
      for (const destination of Object.values(file.destinations)) {
        assets.set(destination.objectKey, join(directory, file.source.path));
      }
    }
  }
  return assets;
}

/**
 * Reads the assembly in a directory.
 * @throws Error when it holds no stack or more than one: the runner stands in for exactly one.
 */
export function readAssembly(directory: string): Assembly {
  const manifest = readJson<{ artifacts?: Record<string, Artifact> }>(directory, "manifest.json");
  const artifacts = Object.entries(manifest.artifacts ?? {});
  const stacks = artifacts.filter(([, artifact]) => artifact.type === "aws:cloudformation:stack");
  const [stack] = stacks;
  if (!stack || stacks.length > 1) {
    throw new Error(`the assembly in ${directory} has ${stacks.length} stacks; one is expected`);
  }
  const [name, { properties }] = stack;
  return {
    directory,
    stackName: properties?.stackName ?? name,
    template: readJson<Template>(directory, properties?.templateFile ?? `${name}.template.json`),
    assets: readAssets(directory, artifacts),
  };
}
