/** The rules between folders, read from what every file imports. Each rule first proves that it bites. */
import { describe, expect, test } from "vitest";
import { readSources, sourceOf, stem } from "../support/sources.ts";
import type { Import, Source } from "../support/sources.ts";

const sources = readSources(
  "functions",
  "shared",
  "infra",
  "local",
  "client",
  "console",
  "package",
);

/** A domain imports lower ranks only. */
const ranks: Record<string, number> = {
  base: 0,
  table: 1,
  locks: 2,
  inventory: 3,
  documents: 3,
  promotions: 4,
  carts: 5,
  orders: 6,
  payments: 7,
  holds: 7,
  admin: 8,
  people: 8,
  live: 9,
  events: 10,
  webhooks: 11,
};

/** The one file that knows every domain, and that no domain knows. */
const composition = "shop.ts";

const messageSenders = /^@aws-sdk\/client-(?:sqs|sns|eventbridge|ses|sesv2|lambda|sfn)$/;

function folderOf(path: string): string {
  const [top = "", second = ""] = path.split("/");
  return top === "shared" ? second : top;
}

function isShared(path: string | undefined): path is string {
  return path?.startsWith("shared/") ?? false;
}

/** What a file is inside its domain, by its name. */
function layerOf(path: string): "service" | "store" | "model" {
  if (stem(path).endsWith("-service")) return "service";
  return stem(path).endsWith("-store") ? "store" : "model";
}

const files = new Set(sources.map(({ path }) => `${folderOf(path)}/${stem(path)}`));

/** `noun.ts`, in whose domain is a `noun-store.ts` or `noun-service.ts`. */
function isNoun(path: string): boolean {
  return ["store", "service"].some((layer) =>
    files.has(`${folderOf(path)}/${stem(path)}-${layer}`),
  );
}

/** A service, or a part of one: whatever itself uses a store without being one. */
function isAboveStores(path: string): boolean {
  if (layerOf(path) !== "model") return layerOf(path) === "service";
  const source = sources.find((each) => each.path === path);
  return source?.imports.some(({ file }) => isShared(file) && layerOf(file) !== "model") ?? false;
}

type Rule = (source: Source, imported: Import) => boolean;

/** Every import that breaks a rule, as "from -> to". */
function breaches(rule: Rule, among: readonly Source[] = sources): string[] {
  return among.flatMap((source) =>
    source.imports
      .filter((imported) => rule(source, imported))
      .map((imported) => `${source.path} -> ${imported.file ?? imported.specifier}`),
  );
}

function bites(rule: Rule, path: string, specifier: string): void {
  const planted = sourceOf(path, `import { it } from "${specifier}";\n`);
  expect(breaches(rule, [planted]), `${path} -> ${specifier}`).toHaveLength(1);
}

describe("facts leave by the stream", () => {
  test("no domain knows the audit trail or sends a message", () => {
    const rule: Rule = ({ path }, { file, specifier }) =>
      isShared(path) &&
      !["audit", composition].includes(folderOf(path)) &&
      ((isShared(file) && folderOf(file) === "audit") || messageSenders.test(specifier));
    bites(rule, "shared/orders/order-service.ts", "../audit/audit-store.ts");
    bites(rule, "shared/orders/order-service.ts", "@aws-sdk/client-sqs");
    expect(breaches(rule)).toEqual([]);
  });
});

describe("ranks", () => {
  test("a domain imports lower ranks only", () => {
    const rule: Rule = ({ path }, { file }) => {
      if (!isShared(path) || !isShared(file)) return false;
      const [from, to] = [ranks[folderOf(path)], ranks[folderOf(file)]];
      if (from === undefined || to === undefined) return false;
      return folderOf(path) !== folderOf(file) && to >= from;
    };
    bites(rule, "shared/locks/lock-store.ts", "../inventory/stock.ts");
    bites(rule, "shared/inventory/stock.ts", "../documents/document.ts");
    expect(breaches(rule)).toEqual([]);
  });

  test("audit imports base and table only, providers base only", () => {
    const allowed: Record<string, readonly string[]> = {
      audit: ["audit", "base", "table"],
      providers: ["providers", "base"],
    };
    const rule: Rule = ({ path }, { file }) => {
      const folders = isShared(path) ? allowed[folderOf(path)] : undefined;
      return folders !== undefined && isShared(file) && !folders.includes(folderOf(file));
    };
    bites(rule, "shared/audit/audit-store.ts", "../orders/order.ts");
    bites(rule, "shared/providers/stripe.ts", "../table/write.ts");
    expect(breaches(rule)).toEqual([]);
  });

  test("only payments talks to providers, and no domain knows the HTTP contract", () => {
    const rule: Rule = ({ path }, { file }) => {
      if (!isShared(path) || !isShared(file) || folderOf(path) === folderOf(file)) return false;
      const home = folderOf(path);
      if (folderOf(file) === "providers") return home !== "payments" && home !== composition;
      return folderOf(file) === "api";
    };
    bites(rule, "shared/orders/order-service.ts", "../providers/stripe.ts");
    bites(rule, "shared/orders/order-service.ts", "../api/orders.ts");
    expect(breaches(rule)).toEqual([]);
  });

  test("no file imports itself by way of others", () => {
    expect(findCycle(sources)).toBeUndefined();
    const loop = [
      sourceOf("shared/locks/a.ts", 'import { b } from "./b.ts";\n'),
      sourceOf("shared/locks/b.ts", 'import type { a } from "./a.ts";\n'),
    ];
    expect(findCycle(loop)).toBeDefined();
  });
});

describe("inside a domain", () => {
  test("a store uses stores and models, never a service or a part of one", () => {
    const rule: Rule = ({ path }, { file }) =>
      isShared(path) && layerOf(path) === "store" && isShared(file) && isAboveStores(file);
    bites(rule, "shared/locks/lock-store.ts", "./lock-service.ts");
    expect(breaches(rule)).toEqual([]);
  });

  test("what a domain is called after knows neither its store nor its service", () => {
    const rule: Rule = ({ path }, { file }) =>
      isNoun(path) && isShared(file) && layerOf(file) !== "model";
    bites(rule, "shared/locks/lock.ts", "./lock-store.ts");
    bites(rule, "shared/carts/model/cart.ts", "../storage/cart-store.ts");
    bites(rule, "shared/inventory/stock.ts", "../locks/lock-service.ts");
    expect(breaches(rule)).toEqual([]);
  });

  test("the AWS SDK appears only in the table folder, in stores and where clients are built", () => {
    const rule: Rule = ({ path }, { specifier }) => {
      if (!/^@(?:aws-sdk|smithy)\//.test(specifier)) return false;
      if (isShared(path)) return folderOf(path) !== "table" && layerOf(path) !== "store";
      return /^(?:functions\/(?!runtime\/)|infra\/|client\/)/.test(path);
    };
    bites(rule, "shared/locks/lock-service.ts", "@aws-sdk/lib-dynamodb");
    bites(rule, "functions/orders.ts", "@aws-sdk/client-dynamodb");
    expect(breaches(rule)).toEqual([]);
  });
});

describe("shared and infra stand alone", () => {
  test("shared imports nothing from around it and never reads the environment", () => {
    const rule: Rule = ({ path }, { file, specifier }) =>
      isShared(path) &&
      ((file !== undefined && !isShared(file)) || /^(node:)?process$/.test(specifier));
    bites(rule, "shared/base/time.ts", "../../functions/runtime/env.ts");
    bites(rule, "shared/base/time.ts", "node:process");
    expect(breaches(rule)).toEqual([]);
    const readers = sources.filter(({ path, code }) => isShared(path) && /\bprocess\./.test(code));
    expect(readers.map(({ path }) => path)).toEqual([]);
  });

  test("infra and the client know the contract and nothing else", () => {
    const rule: Rule = ({ path }, { file }) => {
      const home = folderOf(path);
      if (!["infra", "client"].includes(home) || isShared(path) || file === undefined) return false;
      return folderOf(file) !== home && !file.startsWith("shared/api/");
    };
    bites(rule, "infra/stack.ts", "../functions/orders.ts");
    bites(rule, "client/client.ts", "../shared/locks/lock.ts");
    expect(breaches(rule)).toEqual([]);
  });

  test("the local runner reads the synthesized template, not the sources behind it", () => {
    const rule: Rule = ({ path }, { file }) =>
      path.startsWith("local/") && /^(?:functions|infra|shared)\//.test(file ?? "");
    bites(rule, "local/http/server.ts", "../../infra/stack.ts");
    expect(breaches(rule)).toEqual([]);
  });
});

describe("functions are wiring", () => {
  test("a function reaches services through the runtime, never another function", () => {
    const rule: Rule = ({ path }, { file }) =>
      /^functions\/[^/]+\.ts$/.test(path) && /^functions\/[^/]+\.ts$/.test(file ?? "");
    bites(rule, "functions/orders.ts", "./carts.ts");
    expect(breaches(rule)).toEqual([]);
  });
});

/** One way round a cycle of imports, or undefined when there is none. */
function findCycle(among: readonly Source[]): string[] | undefined {
  const byPath = new Map(among.map((source) => [source.path, source]));
  const done = new Set<string>();
  const visit = (path: string, trail: string[]): string[] | undefined => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    const source = byPath.get(path);
    if (source === undefined || done.has(path)) return undefined;
    for (const { file } of source.imports) {
      const cycle = file === undefined ? undefined : visit(file, [...trail, path]);
      if (cycle) return cycle;
    }
    done.add(path);
    return undefined;
  };
  for (const { path } of among) {
    const cycle = visit(path, []);
    if (cycle) return cycle;
  }
  return undefined;
}
