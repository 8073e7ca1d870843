/** An Express app of somebody else's, in TypeScript, over what is packed: documents that one person at a time may change. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { onTestFinished } from "vitest";
import { output } from "./packed.ts";

const app = `
import express, { type Request } from "express";
import { cartLockedErrors } from "holdfast/compat/cart-locks";
import { createDocumentLocks } from "holdfast/express";
import { createLocks, type Lock } from "holdfast/locks";

declare global {
  namespace Express {
    interface Request {
      user?: { id: string; name?: string };
      documentLock?: Lock;
    }
  }
}

const locks = createLocks({ table: process.env["LOCKS"] ?? "" });
const { acquireDocumentLock, releaseDocumentLock } = createDocumentLocks({ locks, leaseMs: 3_600_000 });

const app = express();
app.use((request, _response, next) => {
  const id = request.get("authorization");
  if (id !== undefined) request.user = { id };
  next();
});
const tellLock = ({ documentLock }: Request) => ({ fence: documentLock?.fence, by: documentLock?.owner.userId });
app.post("/documents/:id/edit", acquireDocumentLock("id"), (request, response) => {
  response.json(tellLock(request));
});
app.put("/documents/:id", acquireDocumentLock("id"), releaseDocumentLock("id"), (request, response) => {
  response.json(tellLock(request));
});
app.put("/broken/:id", acquireDocumentLock("id"), (request, response) => {
  response.status(500).json({ broken: request.params.id.toUpperCase() });
});
app.use(cartLockedErrors());
const server = app.listen(0, "127.0.0.1", () => {
  const address = server.address();
  console.log(typeof address === "object" ? address?.port : address);
});
`;

const compilerOptions = {
  module: "nodenext",
  target: "es2022",
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  skipLibCheck: false,
  types: ["node"],
  rootDir: "source",
  outDir: "built",
};

/** An answer: its status and what its body says. */
export interface Answer {
  readonly status: number;
  readonly body: { readonly fence?: number; readonly by?: string; readonly lockedBy?: string };
}

/** A process of the app. */
export interface RunningApp {
  /** `ask("ann", "POST /documents/7/edit")`; nobody where it is undefined. */
  ask(who: string | undefined, request: string): Promise<Answer>;
  /** Ends it as a power cut would. */
  kill(): Promise<void>;
}

/** Writes the app into a project and compiles it with the project's own TypeScript. */
export async function compileExpressApp(folder: string): Promise<void> {
  const options = { compilerOptions, include: ["source"] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(options));
  mkdirSync(join(folder, "source"));
  writeFileSync(join(folder, "source/server.ts"), app);
  await output(join(folder, "node_modules/.bin/tsc"), ["--project", "."], folder);
}

/** Starts a process of the compiled app; it ends with the test. */
export async function startExpressApp(
  folder: string,
  env: Readonly<Record<string, string>>,
): Promise<RunningApp> {
  const child = spawn(process.execPath, ["built/server.js"], {
    cwd: folder,
    env: { ...process.env, ...env },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "exit");
  onTestFinished(() => void child.kill("SIGKILL"));
  const [port] = (await once(createInterface(child.stdout), "line")) as [string];
  return {
    async ask(who, request) {
      const [method = "", path = ""] = request.split(" ");
      const headers = who === undefined ? {} : { authorization: who };
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, { method, headers });
      const text = await answer.text();
      return { status: answer.status, body: text === "" ? {} : (JSON.parse(text) as object) };
    },
    async kill() {
      child.kill("SIGKILL");
      await ended;
    },
  };
}
