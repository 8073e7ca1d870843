/** Cross-origin answers by the API's CORS configuration; an API without one says nothing about it. */

/** AWS::ApiGatewayV2::Api's CorsConfiguration. */
export interface CorsConfiguration {
  readonly AllowOrigins?: string[];
  readonly AllowMethods?: string[];
  readonly AllowHeaders?: string[];
  readonly ExposeHeaders?: string[];
  readonly AllowCredentials?: boolean;
  readonly MaxAge?: number;
}

function allowedOrigin({ AllowOrigins = [] }: CorsConfiguration, origin: string | undefined) {
  if (origin === undefined) return undefined;
  if (AllowOrigins.includes("*")) return "*";
  return AllowOrigins.find((allowed) => allowed.toLowerCase() === origin.toLowerCase());
}

/** The headers that go with every answer to a request from an allowed origin. */
export function corsHeaders(
  cors: CorsConfiguration | undefined,
  origin: string | undefined,
): Record<string, string> {
  const allowed = cors && allowedOrigin(cors, origin);
  if (!allowed) return {};
  return {
    "access-control-allow-origin": allowed,
    ...(allowed !== "*" && { vary: "origin" }),
    ...(cors.AllowCredentials && { "access-control-allow-credentials": "true" }),
    ...(cors.ExposeHeaders && { "access-control-expose-headers": cors.ExposeHeaders.join(",") }),
  };
}

/** The headers of the answer to a preflight request, which API Gateway gives without asking any function. */
export function preflightHeaders(
  cors: CorsConfiguration,
  origin: string | undefined,
): Record<string, string> {
  const headers = corsHeaders(cors, origin);
  if (Object.keys(headers).length === 0) return {};
  return {
    ...headers,
    "access-control-allow-methods": (cors.AllowMethods ?? []).join(","),
    "access-control-allow-headers": (cors.AllowHeaders ?? []).join(","),
    ...(cors.MaxAge !== undefined && { "access-control-max-age": String(cors.MaxAge) }),
  };
}
