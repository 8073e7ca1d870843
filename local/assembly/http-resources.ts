/** Tells what belongs to the template's HTTP API from what belongs to its WebSocket API. */
import type { TemplateResolver } from "./template.ts";

/** Resources of the HTTP API: what belongs to a WebSocket API is left out. */
export function httpResources<T>(template: TemplateResolver, type: string) {
  const sockets = template
    .resources<{ ProtocolType?: string }>("AWS::ApiGatewayV2::Api")
    .filter(({ properties }) => properties.ProtocolType === "WEBSOCKET")
    .map(({ logicalId }) => ({ logicalId, id: template.resolve<string>({ Ref: logicalId }) }));
  return template
    .resources<T>(type)
    .filter(({ logicalId, properties }) =>
      sockets.every(
        (socket) =>
          socket.logicalId !== logicalId && socket.id !== (properties as { ApiId?: string }).ApiId,
      ),
    );
}
