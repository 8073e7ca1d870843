/** The two places whose dead records can be handed over again: a stage on AWS, and the runner on this machine. */
import { InvokeCommand, LambdaClient } from "@aws-sdk/client-lambda";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  S3Client,
} from "@aws-sdk/client-s3";
import { PurgeQueueCommand, SQSClient } from "@aws-sdk/client-sqs";
import { getOutput, type StackOutputs } from "../aws/outputs.ts";
import type { DeadRecordsPlace, Follower } from "./redrive.ts";

/** A deployed stage, known by the outputs of its stack. */
export function awsPlace(outputs: StackOutputs): DeadRecordsPlace {
  const Bucket = getOutput(outputs, "DeadRecordsBucket");
  const followers: Readonly<Record<Follower, string>> = {
    changes: getOutput(outputs, "ChangesFunctionName"),
    "event-bus": getOutput(outputs, "EventBusFunctionName"),
    "webhook-feed": getOutput(outputs, "WebhookFeedFunctionName"),
  };
  const QueueUrl = getOutput(outputs, "DeadRecordsQueueUrl");
  const [s3, lambda, sqs] = [new S3Client(), new LambdaClient(), new SQSClient()];
  return {
    async keys() {
      const found: string[] = [];
      let ContinuationToken: string | undefined;
      do {
        const page = await s3.send(new ListObjectsV2Command({ Bucket, ContinuationToken }));
        found.push(...(page.Contents ?? []).flatMap(({ Key }) => Key ?? []));
        ContinuationToken = page.NextContinuationToken;
      } while (ContinuationToken !== undefined);
      return found;
    },
    async read(Key) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      return Body!.transformToString();
    },
    async handOver(event, follower) {
      const FunctionName = followers[follower];
      const answer = await lambda.send(
        new InvokeCommand({ FunctionName, Payload: Buffer.from(event) }),
      );
      const text = answer.Payload && Buffer.from(answer.Payload).toString();
      if (answer.FunctionError) throw new Error(text ?? answer.FunctionError);
      return text;
    },
    async remove(Key) {
      await s3.send(new DeleteObjectCommand({ Bucket, Key }));
    },
    async clearAnnouncements() {
      await sqs.send(new PurgeQueueCommand({ QueueUrl }));
    },
  };
}

async function ask<T>(method: string, url: string, body?: string): Promise<T> {
  // The runner takes a body from nobody who could be a page of another origin.
  const headers = { "content-type": "application/json" };
  const answer = await fetch(url, { method, ...(body !== undefined && { headers, body }) });
  if (!answer.ok)
    throw new Error(`${method} ${url} answers ${answer.status}: ${await answer.text()}`);
  return (await answer.json()) as T;
}

/** The runner at `url`. */
export function localPlace(url: string): DeadRecordsPlace {
  const bucket = `${url}/_local/buckets/deadrecords`;
  const objectAt = (key: string) => `${bucket}?key=${encodeURIComponent(key)}`;
  return {
    keys: async () => (await ask<{ keys: string[] }>("GET", bucket)).keys,
    read: async (key) => (await ask<{ body: string }>("GET", objectAt(key))).body,
    async handOver(event, follower) {
      const { error, result } = await ask<{ error?: { errorMessage: string }; result?: object }>(
        "POST",
        `${url}/_local/functions/${follower}`,
        event,
      );
      if (error) throw new Error(error.errorMessage);
      return JSON.stringify(result);
    },
    remove: async (key) => void (await ask("DELETE", objectAt(key))),
    clearAnnouncements: async () =>
      void (await ask("DELETE", `${url}/_local/queues/ChangesDeadLetters`)),
  };
}
