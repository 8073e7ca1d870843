/**
 * Our own pages in the stack: files in a bucket that nobody but CloudFront reads, and the headers that they come with. What is
 * in the bucket is brought there by `npm run deploy`.
 *
 * @see docs/decisions/0028-pages-in-the-stack.md
 */
import { Duration, RemovalPolicy, Stack, Validations } from "aws-cdk-lib";
import type { WebSocketApi } from "aws-cdk-lib/aws-apigatewayv2";
import {
  CachePolicy,
  type Distribution,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  ResponseHeadersPolicy,
  S3OriginAccessControl,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { S3BucketOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import { BlockPublicAccess, Bucket, BucketEncryption, type IBucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { findLiveHost } from "./live.ts";
import type { Settings } from "./settings/settings.ts";
import { listSignInOrigins } from "./sign-in.ts";

/** Pages of a stage. */
export interface Pages {
  /** Where they are, without a slash at the end. */
  readonly url: string;
  readonly bucket: IBucket;
}

/** What pages are made from. */
interface PagesProps {
  readonly settings: Settings;
  readonly liveApi: WebSocketApi;
  /** Whatever else it is asked for goes to the API, so that pages and API have one origin. */
  readonly distribution: Distribution | undefined;
}

/** Everything else is the API's. CloudFront looks for the first page under both of its names. */
const patterns = ["/", "/index.html", "/console", "/_site/*"];

/** Only what comes from the pages' own origin runs and is shown, and nobody else may show it. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "frame-src 'self'",
  "frame-ancestors 'none'",
  "base-uri 'none'",
  "form-action 'none'",
];

/** Creates bucket and headers, and has the distribution look there for pages. Nothing without the setting. */
export function createPages(scope: Construct, props: PagesProps): Pages | undefined {
  const { settings, distribution } = props;
  if (!settings.pages || !distribution) return undefined;
  const bucket = createBucket(scope, settings);
  const name = `holdfast-${settings.stage}-${Stack.of(scope).region}`;
  const originAccessControl = new S3OriginAccessControl(scope, "PagesAccess", {
    originAccessControlName: name,
  });
  const origin = S3BucketOrigin.withOriginAccessControl(bucket, { originAccessControl });
  const responseHeadersPolicy = createHeaders(scope, name, props);
  for (const pattern of patterns) {
    distribution.addBehavior(pattern, origin, {
      // Each file says itself that it is to be asked for anew: what was uploaded is seen at once.
      cachePolicy: CachePolicy.CACHING_OPTIMIZED,
      responseHeadersPolicy,
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
    });
  }
  const { address } = settings;
  const host = address?.edge ? address.domain : distribution.distributionDomainName;
  return { url: `https://${host}`, bucket };
}

function createBucket(scope: Construct, { production }: Settings): IBucket {
  const bucket = new Bucket(scope, "PagesFiles", {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    // What an upload replaced can be brought back.
    versioned: true,
    lifecycleRules: [{ noncurrentVersionExpiration: Duration.days(30) }],
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions-S1",
    reason: "Only CloudFront reads it, and that has a log of its own",
  });
  return bucket as IBucket;
}

function createHeaders(
  scope: Construct,
  name: string,
  { settings, liveApi }: PagesProps,
): ResponseHeadersPolicy {
  const live = `wss://${findLiveHost(liveApi)}`;
  const asked = ["'self'", live, ...listSignInOrigins(scope, settings)];
  const contentSecurityPolicy = [...policy, `connect-src ${asked.join(" ")}`].join("; ");
  return new ResponseHeadersPolicy(scope, "PagesHeaders", {
    responseHeadersPolicyName: name,
    comment: "What pages may do, and who may show them",
    securityHeadersBehavior: {
      contentSecurityPolicy: { contentSecurityPolicy, override: true },
      contentTypeOptions: { override: true },
      frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
      referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.NO_REFERRER, override: true },
      strictTransportSecurity: {
        accessControlMaxAge: Duration.days(365),
        override: true,
      },
    },
    customHeadersBehavior: {
      customHeaders: [
        // A page that opened this one, or was opened by it, gets no hold of it.
        { header: "cross-origin-opener-policy", value: "same-origin", override: true },
      ],
    },
  });
}
