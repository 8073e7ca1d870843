/**
 * Where the API is reached: at AWS's own address, at a domain, or at a domain behind CloudFront and its firewall.
 *
 * @see docs/go-live.md
 */
import { Fn } from "aws-cdk-lib";
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

/**
 * Makes the domain lead to the API, through CloudFront where the settings ask for it, and its records where they name a
 * zone. Gives back what a CNAME elsewhere has to point to. Without a domain it does nothing.
 */
export function createAddress(scope: Construct, props: AddressProps): string | undefined {
  const { address } = props.settings;
  if (!address) return undefined;
  const certificate = Certificate.fromCertificateArn(scope, "Certificate", address.certificate);
  if (address.edge && props.originSecret) {
    const host = Fn.select(2, Fn.split("/", props.api.apiEndpoint));
    const distribution = createDistribution(scope, {
      host,
      certificate,
      domain: address.domain,
      webAcl: address.edge.webAcl,
      originSecret: props.originSecret,
      production: props.settings.production,
    });
    const target = new CloudFrontTarget(distribution);
    return point(scope, address, { target, host: distribution.distributionDomainName, isV6: true });
  }
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
