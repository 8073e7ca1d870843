/** Stands in for SQS: queues in memory. Enough for dead letters: send, look, receive once, delete. */
import { createHash, randomUUID } from "node:crypto";
import type { TemplateResolver } from "../assembly/template.ts";

/** A message in a queue. */
export interface QueuedMessage {
  readonly messageId: string;
  readonly body: string;
  readonly attributes: Record<string, string>;
  readonly sentAtMs: number;
}

/** The queues of the template. */
export interface Queues {
  /** Puts a message into the queue with this name, URL or ARN; undefined when there is no such queue. */
  send(queue: string, body: string, attributes?: Record<string, string>): QueuedMessage | undefined;
  messages(queue: string): QueuedMessage[] | undefined;
  /** Takes messages out for good: what receiving and deleting come to when nobody fails in between. */
  take(queue: string, most: number): QueuedMessage[];
  findArn(queue: string): string | undefined;
  names(): string[];
}

/** SQS clients check this digest of what they sent. */
export function md5(text: string): string {
  return createHash("md5").update(text).digest("hex");
}

/** Makes the template's queues, all empty. */
export function createQueues(template: TemplateResolver): Queues {
  const queues = new Map<string, { arn: string; logicalId: string; messages: QueuedMessage[] }>();
  for (const { logicalId } of template.resources("AWS::SQS::Queue")) {
    const attribute = (name: string) =>
      template.resolve<string>({ "Fn::GetAtt": [logicalId, name] });
    queues.set(attribute("QueueName"), { arn: attribute("Arn"), logicalId, messages: [] });
  }

  /** URLs end in `/name`, ARNs in `:name`; a logical id counts with or without the hash at its end. */
  function find(queue: string) {
    const name = queue.split(/[/:]/u).at(-1) ?? "";
    return (
      queues.get(name) ??
      [...queues.values()].find(({ logicalId }) => logicalId.replace(/[0-9A-F]{8}$/u, "") === name)
    );
  }

  return {
    send(queue, body, attributes = {}) {
      const message = { messageId: randomUUID(), body, attributes, sentAtMs: Date.now() };
      const found = find(queue);
      found?.messages.push(message);
      return found && message;
    },
    messages: (queue) => find(queue)?.messages,
    take: (queue, most) => find(queue)?.messages.splice(0, most) ?? [],
    findArn: (queue) => find(queue)?.arn,
    names: () => [...queues.keys()],
  };
}
