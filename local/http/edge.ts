/** Does what CloudFront does to a request on its way, where the template has a distribution; the firewall lets everything through. */
import type { TemplateResolver } from "../assembly/template.ts";
import type { HttpAnswer } from "./answer.ts";
import type { GatewayRequest } from "./event.ts";

interface Distribution {
  readonly DistributionConfig: {
    readonly Origins: {
      readonly OriginCustomHeaders?: { HeaderName: string; HeaderValue: string }[];
    }[];
  };
}

type Gateway = (request: GatewayRequest) => Promise<HttpAnswer>;

/** Headers without those of some names. */
function without(rawHeaders: readonly string[], names: readonly string[]): string[] {
  return rawHeaders.filter((_, index) => {
    const name = rawHeaders[index - (index % 2)]!;
    return !names.includes(name.toLowerCase());
  });
}

/** The gateway as callers meet it: what the distribution says by itself takes the place of what they said. */
export function behindEdge(template: TemplateResolver, gateway: Gateway): Gateway {
  const [distribution] = template.resources<Distribution>("AWS::CloudFront::Distribution");
  if (!distribution) return gateway;
  const own = distribution.properties.DistributionConfig.Origins.flatMap(
    ({ OriginCustomHeaders = [] }) => OriginCustomHeaders,
  );
  const names = own.map(({ HeaderName }) => HeaderName.toLowerCase());
  const said = own.flatMap(({ HeaderName, HeaderValue }) => [HeaderName, HeaderValue]);
  return (request) =>
    gateway({ ...request, rawHeaders: [...without(request.rawHeaders, names), ...said] });
}
