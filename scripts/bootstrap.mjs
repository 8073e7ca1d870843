/**
 * The way into every command: `node scripts/bootstrap.mjs start|test|…`. Runs on any Node from 20 with nothing
 * installed, installs what package-lock.json names if it is not there, and hands over to the project's own Node.
 */
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname ?? new URL(".", import.meta.url).pathname, "..");

/** Each command is a script that Node 24 runs directly. To add one: a line here and one in package.json. */
const commands = {
  start: "local/start.ts",
  test: "scripts/test.ts",
  race: "scripts/race.ts",
  "test-locks": "scripts/test-locks.ts",
  prove: "scripts/prove.ts",
  explore: "scripts/explore.ts",
  redrive: "scripts/redrive.ts",
  restore: "scripts/restore.ts",
  reconcile: "scripts/reconcile.ts",
  deploy: "scripts/deploy.ts",
  smoke: "scripts/smoke.ts",
  drill: "scripts/drill.ts",
  soak: "scripts/soak.ts",
  crowd: "scripts/crowd.ts",
  migrate: "scripts/migrate.ts",
  build: "scripts/build.ts",
  docs: "scripts/docs.ts",
};

const oldestNode = 20;

/** What npm wrote down about a folder of packages, or undefined when it is not there or unreadable. */
function readPackages(...path) {
  try {
    return JSON.parse(readFileSync(join(root, ...path), "utf8")).packages;
  } catch {
    return undefined;
  }
}

/** npm writes its own list last of all, so an installation that broke off has none. */
function isInstalled() {
  const wanted = readPackages("package-lock.json") ?? {};
  const present = readPackages("node_modules", ".package-lock.json");
  if (!present || !existsSync(ownNode())) return false;
  return Object.entries(wanted).every(
    ([path, { version, optional }]) =>
      path === "" || optional || present[path]?.version === version,
  );
}

function ownNode() {
  const name = process.platform === "win32" ? "node.exe" : "node";
  return join(root, "node_modules", "node", "bin", name);
}

/**
 * Runs a program to its end, passing signals on, and gives its exit code. The program also hears when this
 * process is gone without a word: the channel between them closes.
 */
function run(program, parameters, options = {}) {
  const { channel = false, ...rest } = options;
  return new Promise((settle) => {
    const stdio = ["inherit", "inherit", "inherit", ...(channel ? ["ipc"] : [])];
    const child = spawn(program, parameters, { cwd: root, stdio, ...rest });
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"];
    const handlers = signals.map((signal) => [signal, () => child.kill(signal)]);
    for (const [signal, handler] of handlers) process.on(signal, handler);
    const watch = watchParent(() => child.kill("SIGTERM"));
    const finish = (code) => {
      clearInterval(watch);
      for (const [signal, handler] of handlers) process.off(signal, handler);
      settle(code);
    };
    child.once("error", (error) => {
      console.error(`${program} could not be started: ${error.message}`);
      finish(1);
    });
    child.once("exit", (code) => finish(code ?? 1));
  });
}

/** npm hands SIGTERM to a shell that may die of it without telling us; then we have a new parent. */
function watchParent(onGone) {
  if (!process.env.npm_lifecycle_event) return undefined;
  const parent = process.ppid;
  const timer = setInterval(() => process.ppid !== parent && onGone(), 100);
  timer.unref();
  return timer;
}

/** npm tells its scripts where it is; without it, whatever `npm` the PATH has. */
function npm(...parameters) {
  const script = process.env.npm_execpath;
  if (script?.endsWith(".js")) return run(process.execPath, [script, ...parameters]);
  return run("npm", parameters, { shell: process.platform === "win32" });
}

async function install() {
  if (isInstalled()) return true;
  console.log("Installing what package-lock.json names; this takes about a minute, once.");
  const code = await npm("ci", "--no-audit", "--no-fund", "--loglevel=error");
  if (code === 0 && isInstalled()) return true;
  console.error("\nThe packages could not be installed: `npm ci` says why above.");
  return false;
}

/** Options of our commands that npm takes for its own where `--` was forgotten, as it names them. */
const optionsOfOurs = [
  "call",
  "context",
  "data",
  "logs",
  "stage",
  "yes",
  "seeds",
  "shoppers",
  "report",
  "stock",
  "shards",
  "contention",
  "demo",
  "table",
  "endpoint",
  "url",
];

/** What npm kept for itself, or undefined: `npm start -c x=y` would otherwise run as if nothing had been said. */
function keptByNpm(command, parameters) {
  // A flag that somebody's .npmrc switches off reads as an empty text: nothing was said.
  const isSaid = (option) => !["", "false"].includes(process.env[`npm_config_${option}`] ?? "");
  const name = optionsOfOurs.find(isSaid);
  if (name === undefined || parameters.includes(`--${name}`)) return undefined;
  const value = process.env[`npm_config_${name}`];
  const option = name === "call" ? "-c" : `--${name}`;
  const given = value === "true" ? [option, ...parameters] : [option, value, ...parameters];
  const way = command === "start" || command === "test" ? `npm ${command}` : `npm run ${command}`;
  return `npm keeps ${option} for itself. Say: ${way} -- ${given.join(" ")}`;
}

async function main() {
  const [command = "", ...parameters] = process.argv.slice(2);
  const script = Object.hasOwn(commands, command) ? commands[command] : undefined;
  if (!script) {
    console.error(`Say what to do: ${Object.keys(commands).join(", ")}`);
    return 1;
  }
  if (Number(process.versions.node.split(".")[0]) < oldestNode) {
    console.error(
      `Holdfast needs Node ${oldestNode} or newer to begin with; this is ${process.version}.`,
    );
    return 1;
  }
  const kept = keptByNpm(command, parameters);
  if (kept) {
    console.error(kept);
    return 1;
  }
  if (!(await install())) return 1;
  return run(ownNode(), [script, ...parameters], { channel: true });
}

process.exitCode = await main();
