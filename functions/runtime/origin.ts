/** Refuses what came around CloudFront and its firewall, where the stage has them. */
import { createHash, timingSafeEqual } from "node:crypto";
import { Forbidden } from "../../shared/base/errors.ts";
import { env } from "./env.ts";

/** The header in which CloudFront says the secret; API Gateway makes all names lower-case. */
const originHeader = "x-origin-secret";

const digest = (text: string): Buffer => createHash("sha256").update(text).digest();

type Headers = Readonly<Record<string, string | undefined>>;

/** The check for one secret; an empty one is none. Exported for its test. */
export function createOriginCheck(secret: string): (headers: Headers) => void {
  if (secret === "") return () => undefined;
  const wanted = digest(secret);
  return (headers) => {
    if (timingSafeEqual(digest(headers[originHeader] ?? ""), wanted)) return;
    throw new Forbidden("This is not the address of the shop: ask by its own");
  };
}

/**
 * Lets a request on that came through CloudFront, and every one where there is none.
 *
 * @throws Forbidden before anything was read
 */
export const checkOrigin = createOriginCheck(env.ORIGIN_SECRET);
