/** Pages that show what the runner is doing, and let tests turn it: calls, faults, queues, secrets, schedules, functions. */
import type { FaultRequest } from "../aws/faults.ts";
import type { SecretVersions } from "../aws/secrets.ts";
import { BadPageRequest, jsonAnswer, type Page, PageNotFound } from "./page.ts";

/** `GET /_local/calls?function=orders`: which AWS requests functions made. `DELETE` forgets them. */
export const calls: Page = ({ method, query }, runner) => {
  if (method === "DELETE") runner.calls.clear();
  return { calls: runner.calls.list(query.get("function") ?? undefined) };
};

/** `POST /_local/faults { function, afterRequests, mode }` sets a fault, `GET` tells what came of it, `DELETE` ends all. */
export const faults: Page = (request, runner) => {
  if (request.method === "POST") {
    const fault = request.json<FaultRequest>();
    if (!runner.functions.find(fault.function)) {
      throw new BadPageRequest(`there is no function ${fault.function}`);
    }
    if (!Number.isInteger(fault.afterRequests) || fault.afterRequests < 1) {
      throw new BadPageRequest("afterRequests counts from 1");
    }
    if (!["before", "after", "delay"].includes(fault.mode)) {
      throw new BadPageRequest("mode is before, after or delay");
    }
    return jsonAnswer(201, runner.faults.add(fault));
  }
  const known = runner.faults.list();
  if (request.method === "DELETE") runner.faults.clear();
  return { faults: known };
};

/** `GET /_local/contention`: what the contention model has refused and charged so far, and its settings. */
export const contention: Page = (_request, { contention: model }) => {
  if (!model) throw new PageNotFound("contention is not modelled: npm start -- --contention");
  return { counts: model.counts(), settings: model.settings };
};

/** `GET /_local/queues/{name}`: the messages in a queue. `DELETE` empties it. */
export const queues: Page = ({ method, path: [name] }, runner) => {
  if (!name) return { queues: runner.queues.names() };
  const messages = runner.queues.messages(name);
  if (!messages) throw new PageNotFound(`there is no queue ${name}`);
  return { messages: method === "DELETE" ? messages.splice(0) : messages };
};

/** `GET /_local/buckets/{name}`: the keys in a bucket; `?key=` reads an object, `DELETE` with it removes one. */
export const buckets: Page = ({ method, path: [name], query }, runner) => {
  if (!name) return { buckets: runner.buckets.names() };
  const keys = runner.buckets.keys(name);
  if (!keys) throw new PageNotFound(`there is no bucket ${name}`);
  const key = query.get("key");
  if (key === null) return { keys };
  const body = runner.buckets.read(name, key);
  if (body === undefined) throw new PageNotFound(`there is no ${key} in ${name}`);
  if (method === "DELETE") runner.buckets.remove(name, key);
  return { key, body };
};

/** `GET /_local/secrets`, and `PUT /_local/secrets/{name} { current, previous? }`, as a rotation would: what was there becomes the version before. */
export const secrets: Page = (request, runner) => {
  const [name] = request.path;
  if (!name) return { secrets: runner.secrets.list() };
  if (request.method === "PUT") {
    const versions = request.json<SecretVersions>();
    if (typeof versions.current !== "string") throw new BadPageRequest("current is a text");
    if (!runner.secrets.set(name, versions)) throw new PageNotFound(`there is no secret ${name}`);
  }
  const versions = runner.secrets.list()[name];
  if (!versions) throw new PageNotFound(`there is no secret ${name}`);
  return versions;
};

/** `GET /_local/schedules`, and `POST /_local/schedules/{name}` to run one now. */
export const schedules: Page = async ({ method, path: [name] }, runner) => {
  if (!name) {
    return {
      schedules: runner.schedules.all.map((one) => ({
        name: one.name,
        expression: one.expression,
        enabled: one.enabled,
      })),
    };
  }
  const schedule = runner.schedules.all.find((one) => one.name === name);
  if (!schedule || method !== "POST") throw new PageNotFound(`there is no schedule ${name}`);
  return { outcome: await schedule.run() };
};

/** `GET /_local/functions`, and `POST /_local/functions/{name}` with an event to invoke one directly. */
export const functions: Page = async ({ method, path: [name], body }, runner) => {
  if (!name) {
    return {
      functions: runner.functions.all.map((one) => ({
        name: one.name,
        arn: one.arn,
        workers: one.executions().length,
      })),
    };
  }
  const found = runner.functions.find(name);
  if (!found) throw new PageNotFound(`there is no function ${name}`);
  if (method !== "POST") throw new BadPageRequest("POST the event to invoke it");
  const outcome = await found.invoke(body.length > 0 ? body.toString() : "{}");
  return { ...outcome, ...(outcome.result && { result: JSON.parse(outcome.result) as unknown }) };
};

/** `GET /_local/logs?function=orders`: the last lines that functions wrote. */
export const logs: Page = ({ query }, runner) => ({
  lines: runner.logs.lines(query.get("function") ?? undefined),
});

/** `GET /_local/tables`: which tables there are, and where, for those who want to look into them. */
export const tables: Page = (_, runner) => ({
  endpoint: runner.dynamoDbEndpoint,
  tables: runner.tables,
});

/** `GET /_local/alarms`: how each alarm of the stack stands, judged over what was measured here. */
export const alarms: Page = (_, runner) => ({ alarms: runner.alarms.look() });
