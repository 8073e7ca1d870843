/**
 * `holdfast/middy`: a document's lock around any Lambda handler, as middleware for middy 7.
 *
 * **Table and IAM**: those of `holdfast/locks`. The caller is the `sub` of API Gateway's JWT authorizer; a header
 * `x-lock-session` makes two tabs of one user two owners.
 *
 * @example
 * import middy from "@middy/core";
 * import { createLocks } from "holdfast/locks";
 * import { acquireDocumentLock, problemAnswers, releaseDocumentLock } from "holdfast/middy";
 *
 * const options = { locks: createLocks({ table: "my-locks" }) };
 *
 * export const handler = middy()
 *   .use(problemAnswers())
 *   .use(acquireDocumentLock("docId", options))
 *   .use(releaseDocumentLock("docId", options))
 *   .handler(async (event) => publish(event.pathParameters.docId, event.documentLock.fence));
 */
export {
  acquireDocumentLock,
  type DocumentLockOptions,
  problemAnswers,
  releaseDocumentLock,
  requireDocumentLock,
  type WithDocumentLock,
} from "../functions/runtime/document-lock.ts";
