/** CloudFront before the API: nothing of it is cached, everything is handed on, and the firewall looks at each request. */
import { Duration, RemovalPolicy, Validations } from "aws-cdk-lib";
import type { ICertificate } from "aws-cdk-lib/aws-certificatemanager";
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
} from "aws-cdk-lib/aws-cloudfront";
import { HttpOrigin } from "aws-cdk-lib/aws-cloudfront-origins";
import { BlockPublicAccess, Bucket, BucketEncryption, ObjectOwnership } from "aws-cdk-lib/aws-s3";
import type { IBucket } from "aws-cdk-lib/aws-s3";
import type { Construct } from "constructs";
import { originHeader, type OriginSecret } from "./origin-secret.ts";

/** A domain of the owner's own, behind a firewall: then nobody comes around the distribution. */
interface GuardedDomain {
  readonly domain: string;
  readonly certificate: ICertificate;
  /** The ARN of the firewall. */
  readonly webAcl: string;
  readonly originSecret: OriginSecret;
}

/** What the distribution is made from. */
export interface DistributionProps {
  /** Where the API is, as AWS names it. */
  readonly host: string;
  /** Without one it stands at a name of AWS's, for the sake of the pages. */
  readonly guarded?: GuardedDomain;
  /** What is at `/`, among the behaviours that are added for pages. */
  readonly rootObject?: string | undefined;
  readonly production: boolean;
}

/** Creates it. Its log says from where requests came: the API's own log only knows CloudFront's addresses then. */
export function createDistribution(scope: Construct, props: DistributionProps): Distribution {
  const { guarded, rootObject } = props;
  const distribution = new Distribution(scope, "Edge", {
    comment: guarded ? `In front of ${guarded.domain}` : "Pages, and the API behind them",
    ...(guarded && {
      domainNames: [guarded.domain],
      certificate: guarded.certificate,
      minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
      webAclId: guarded.webAcl,
    }),
    ...(rootObject !== undefined && { defaultRootObject: rootObject }),
    httpVersion: HttpVersion.HTTP2_AND_3,
    logBucket: createLogs(scope, props),
    defaultBehavior: {
      origin: createApiOrigin(props),
      allowedMethods: AllowedMethods.ALLOW_ALL,
      // An answer is never older than the request: what is true of stock and locks changes by the millisecond.
      cachePolicy: CachePolicy.CACHING_DISABLED,
      // All but the host: API Gateway knows itself by its own name.
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      compress: false,
    },
  });
  Validations.of(distribution).acknowledge({
    id: "AwsSolutions-CFR1",
    reason:
      "Whom a shop sells to is its own affair; a firewall of one's own can leave countries out",
  });
  if (!guarded) acknowledgeBareName(distribution);
  return distribution;
}

function createApiOrigin({ host, guarded }: DistributionProps): HttpOrigin {
  return new HttpOrigin(host, {
    protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
    ...(guarded && { customHeaders: { [originHeader]: guarded.originSecret } }),
    // API Gateway gives up after 30 s.
    readTimeout: Duration.seconds(30),
  });
}

function acknowledgeBareName(distribution: Distribution): void {
  Validations.of(distribution).acknowledge(
    {
      id: "AwsSolutions-CFR2",
      reason: "A firewall stands before the API by edge=on, and then before the pages as well",
    },
    {
      id: "AwsSolutions-CFR4",
      reason: "A name of AWS's has AWS's certificate, whose oldest TLS is not ours to choose",
    },
  );
}

function createLogs(scope: Construct, { production }: DistributionProps): IBucket {
  const bucket = new Bucket(scope, "EdgeLogs", {
    encryption: BucketEncryption.S3_MANAGED,
    blockPublicAccess: BlockPublicAccess.BLOCK_ALL,
    enforceSSL: true,
    // CloudFront writes under an access list.
    objectOwnership: ObjectOwnership.OBJECT_WRITER,
    // Addresses are about persons: as long as the API's own log, and no longer.
    lifecycleRules: [{ expiration: Duration.days(production ? 90 : 7) }],
    removalPolicy: production ? RemovalPolicy.RETAIN : RemovalPolicy.DESTROY,
  });
  Validations.of(bucket).acknowledge({
    id: "AwsSolutions-S1",
    reason: "This is itself the bucket of a log",
  });
  return bucket as IBucket;
}
