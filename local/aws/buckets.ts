/** Stands in for S3: objects in memory, and the messages that announce them. Enough for records that were given up. */
import { randomUUID } from "node:crypto";
import { REGION } from "../assembly/local-account.ts";
import type { TemplateResolver } from "../assembly/template.ts";
import type { Queues } from "./queues.ts";

interface BucketProperties {
  readonly NotificationConfiguration?: { QueueConfigurations?: { Event: string; Queue: string }[] };
}

/** The buckets of the template. */
export interface Buckets {
  /** Puts an object into the bucket with this ARN; false when there is none. */
  put(bucketArn: string, key: string, body: string): boolean;
  /** Keys of a bucket's objects, by its name or logical id; undefined when there is no such bucket. */
  keys(bucket: string): string[] | undefined;
  read(bucket: string, key: string): string | undefined;
  remove(bucket: string, key: string): void;
  names(): string[];
}

/** Makes the template's buckets, all empty. */
export function createBuckets(template: TemplateResolver, queues: Queues): Buckets {
  const buckets = new Map(
    template.resources<BucketProperties>("AWS::S3::Bucket").map(({ logicalId, properties }) => {
      const name = template.resolve<string>({ Ref: logicalId });
      const arn = template.resolve<string>({ "Fn::GetAtt": [logicalId, "Arn"] });
      const told = properties.NotificationConfiguration?.QueueConfigurations ?? [];
      return [name, { arn, told, objects: new Map<string, string>() }] as const;
    }),
  );
  const find = (bucket: string) =>
    buckets.get(bucket) ??
    [...buckets].find(
      ([name, { arn }]) => arn === bucket || name.startsWith(bucket.toLowerCase()),
    )?.[1];

  return {
    put(bucketArn, key, body) {
      const bucket = find(bucketArn);
      if (!bucket) return false;
      bucket.objects.set(key, body);
      for (const { Queue } of bucket.told) {
        const s3 = { bucket: { arn: bucket.arn }, object: { key: encodeURIComponent(key) } };
        const record = { eventName: "ObjectCreated:Put", awsRegion: REGION, s3, id: randomUUID() };
        queues.send(Queue, JSON.stringify({ Records: [record] }));
      }
      return true;
    },
    keys: (bucket) => {
      const found = find(bucket);
      return found && [...found.objects.keys()].toSorted();
    },
    read: (bucket, key) => find(bucket)?.objects.get(key),
    remove: (bucket, key) => void find(bucket)?.objects.delete(key),
    names: () => [...buckets.keys()],
  };
}
