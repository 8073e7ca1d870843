/**
 * Where the API is reached: at AWS's own address, at a domain, or at a domain behind CloudFront and its firewall.
 *
 * @see docs/go-live.md
 */
import { Fn } from "aws-cdk-lib";
import type { Distribution } from "aws-cdk-lib/aws-cloudfront";
import { ApiMapping, DomainName, EndpointType, type HttpStage } from "aws-cdk-lib/aws-apigatewayv2";
import type { HttpApi } from "aws-cdk-lib/aws-apigatewayv2";
import { Certificate } from "aws-cdk-lib/aws-certificatemanager";
import { AaaaRecord, ARecord, HostedZone, RecordTarget } from "aws-cdk-lib/aws-route53";
import type { IAliasRecordTarget } from "aws-cdk-lib/aws-route53";
import { ApiGatewayv2DomainProperties, CloudFrontTarget } from "aws-cdk-lib/aws-route53-targets";
import type { Construct } from "constructs";
import { createDistribution } from "./distribution.ts";
import type { OriginSecret } from "./origin-secret.ts";
import type { AddressSettings } from "./settings/address.ts";
import type { Settings } from "./settings/settings.ts";

/** Where callers reach the API: known before anything is made, so that functions can be told. */
export function publicUrl(api: HttpApi, { address }: Pick<Settings, "address">): string {
  return address ? `https://${address.domain}` : api.apiEndpoint;
}

/** What stands behind the address. */
export interface AddressProps {
  readonly api: HttpApi;
  readonly stage: HttpStage;
  readonly settings: Settings;
  /** Only with an edge. */
  readonly originSecret: OriginSecret | undefined;
}

/** What stands before the API. */
export interface Address {
  /** What a CNAME for the domain has to point to; undefined without a domain. */
  readonly target?: string;
  /** Undefined where callers reach the API itself. */
  readonly distribution?: Distribution;
}

/** The host of the API as AWS names it, which CloudFront asks. */
const findHost = (api: HttpApi): string => Fn.select(2, Fn.split("/", api.apiEndpoint));

/**
 * Makes the domain lead to the API, through CloudFront where the settings ask for it, and its records where they name a
 * zone. Pages stand at CloudFront, without a domain too.
 */
export function createAddress(scope: Construct, props: AddressProps): Address {
  const { address, production } = props.settings;
  const rootObject = props.settings.pages && "index.html";
  const behind = { host: findHost(props.api), production, rootObject };
  if (address?.edge && props.originSecret) {
    const { domain, edge } = address;
    const certificate = Certificate.fromCertificateArn(scope, "Certificate", address.certificate);
    const guarded = { domain, certificate, ...edge, originSecret: props.originSecret };
    const distribution = createDistribution(scope, { ...behind, guarded });
    const target = new CloudFrontTarget(distribution);
    const host = distribution.distributionDomainName;
    return { target: point(scope, address, { target, host, isV6: true }), distribution };
  }
  return {
    ...(address && { target: createDomain(scope, address, props) }),
    ...(props.settings.pages && { distribution: createDistribution(scope, behind) }),
  };
}

/** The domain as API Gateway's own, of the stage's region. */
function createDomain(
  scope: Construct,
  address: AddressSettings,
  props: Pick<AddressProps, "api" | "stage">,
): string {
  const certificate = Certificate.fromCertificateArn(scope, "Certificate", address.certificate);
  const domain = new DomainName(scope, "Domain", {
    domainName: address.domain,
    certificate,
    endpointType: EndpointType.REGIONAL,
  });
  new ApiMapping(scope, "DomainMapping", {
    api: props.api,
    domainName: domain,
    stage: props.stage,
  });
  const { regionalDomainName, regionalHostedZoneId } = domain;
  const target = new ApiGatewayv2DomainProperties(regionalDomainName, regionalHostedZoneId);
  return point(scope, address, { target, host: regionalDomainName, isV6: false });
}

function point(
  scope: Construct,
  { domain, hostedZone }: AddressSettings,
  to: { readonly target: IAliasRecordTarget; readonly host: string; readonly isV6: boolean },
): string {
  if (hostedZone === undefined) return to.host;
  const zone = HostedZone.fromHostedZoneAttributes(scope, "Zone", {
    hostedZoneId: hostedZone,
    zoneName: domain,
  });
  // The dot at the end: this is the whole name, whatever the zone's own is.
  const record = { zone, recordName: `${domain}.`, target: RecordTarget.fromAlias(to.target) };
  new ARecord(scope, "DomainRecord", record);
  if (to.isV6) new AaaaRecord(scope, "DomainRecordV6", record);
  return to.host;
}
