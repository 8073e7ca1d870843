/** Brings pages into the bucket of a stack. */
import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import type { PageFile } from "./page-files.ts";

/** What everybody asks for anew, and gets again only where it has changed: an upload is seen at once. */
export const cacheControl = "no-cache";

/** Uploads one after the other, in their order; done again it does no harm. @throws Error as S3 says it */
export async function uploadPages(
  files: readonly PageFile[],
  bucket: string,
  client: Pick<S3Client, "send"> = new S3Client(),
): Promise<void> {
  for (const { key, contentType, body } of files) {
    const command = new PutObjectCommand({
      Bucket: bucket,
      Key: key,
      Body: body,
      ContentType: contentType,
      CacheControl: cacheControl,
    });
    await client.send(command);
  }
}
