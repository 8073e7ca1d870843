/**
 * Picks the route of a request by API Gateway's order: a full match before a greedy one before `$default`;
 * among full matches, segment by segment, a fixed word before a variable; a method's own route before ANY.
 */

/** A declared route with what it leads to. */
export interface Route<Target> {
  /** `GET /items/{itemId}`, `ANY /files/{path+}` or `$default`. */
  readonly routeKey: string;
  readonly target: Target;
}

/** The route that was picked, with its variables as they stand in the path (decoded). */
export interface RouteMatch<Target> {
  readonly route: Route<Target>;
  readonly pathParameters: Record<string, string>;
}

interface ParsedRoute<Target> {
  readonly route: Route<Target>;
  readonly method: string;
  readonly segments: string[];
}

/** 0 for a fixed word, 1 for `{name}`, 2 for `{name+}`: smaller is more exact. */
function looseness(segment: string): number {
  if (!segment.startsWith("{")) return 0;
  return segment.endsWith("+}") ? 2 : 1;
}

function compare<T>(left: ParsedRoute<T>, right: ParsedRoute<T>): number {
  const isGreedy = ({ segments }: ParsedRoute<T>) => Number(looseness(segments.at(-1) ?? "") === 2);
  const greedy = isGreedy(left) - isGreedy(right);
  if (greedy !== 0) return greedy;
  for (const [index, segment] of left.segments.entries()) {
    const difference = looseness(segment) - looseness(right.segments[index] ?? "");
    if (difference !== 0) return difference;
  }
  // Of two greedy routes the longer one says more; then a method of its own wins over ANY.
  const length = right.segments.length - left.segments.length;
  return length || Number(left.method === "ANY") - Number(right.method === "ANY");
}

function matchSegments(pattern: string[], path: string[]): Record<string, string> | undefined {
  const parameters: Record<string, string> = {};
  for (const [index, segment] of pattern.entries()) {
    const kind = looseness(segment);
    const actual = path[index];
    if (kind === 2) {
      const rest = path.slice(index).join("/");
      if (rest === "") return undefined;
      parameters[segment.slice(1, -2)] = decodeURIComponent(rest);
      return parameters;
    }
    if (actual === undefined || actual === "") return undefined;
    if (kind === 1) parameters[segment.slice(1, -1)] = decodeURIComponent(actual);
    else if (decodeURIComponent(actual) !== segment) return undefined;
  }
  return path.length === pattern.length ? parameters : undefined;
}

function parse<Target>(route: Route<Target>): ParsedRoute<Target> {
  const [method = "", path = ""] = route.routeKey.split(" ");
  return { route, method, segments: path.split("/").slice(1).filter(Boolean) };
}

/**
 * Makes the function that picks a route.
 * @throws URIError by that function, when the path has a `%` that starts no escape: API Gateway's 400.
 */
export function createRouter<Target>(
  routes: Route<Target>[],
): (method: string, path: string) => RouteMatch<Target> | undefined {
  const fallback = routes.find(({ routeKey }) => routeKey === "$default");
  const ordered = routes
    .filter((route) => route !== fallback)
    .map((route) => parse(route))
    .toSorted(compare);
  return (method, path) => {
    const segments = path === "/" ? [] : path.split("/").slice(1);
    for (const { route, method: wanted, segments: pattern } of ordered) {
      if (wanted !== method && wanted !== "ANY") continue;
      const pathParameters = matchSegments(pattern, segments);
      if (pathParameters) return { route, pathParameters };
    }
    return fallback && { route: fallback, pathParameters: {} };
  };
}
