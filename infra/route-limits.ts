/** What single routes let in, and which of them have metrics of their own. */
import { objectives } from "./alarms/objectives.ts";
import { nearest } from "./settings/context-reader.ts";
import { type Settings, SettingsError } from "./settings/settings.ts";

/** What API Gateway is told of one route. */
export interface RouteLimit {
  readonly perSecond: number;
  /** Metrics of a route cost by the month: only those have them that an objective is about. */
  readonly isMeasured: boolean;
}

/** These have settings of their own, which production's reserves are measured by. */
const ownSettings: ReadonlyMap<string, string> = new Map([
  [objectives[0].endpoint, "ordersPerSecond"],
  [objectives[1].endpoint, "webhooksPerSecond"],
]);

/**
 * The limits of single routes by the names of their endpoints.
 *
 * @throws SettingsError when `routesPerSecond` names what is no operation, or one that has a setting of its own
 */
export function limitRoutes(
  { capacity }: Pick<Settings, "capacity">,
  endpoints: readonly { readonly name: string }[],
): ReadonlyMap<string, RouteLimit> {
  const names = endpoints.map(({ name }) => name);
  const asked = Object.entries(capacity.routesPerSecond);
  const problems = asked.flatMap(([name]) => {
    const own = ownSettings.get(name);
    if (own) return [`routesPerSecond has ${name}: say ${own}`];
    if (names.includes(name)) return [];
    const meant = nearest(name, names);
    const advice = meant === undefined ? "" : `; did you mean ${meant}?`;
    return [`routesPerSecond has ${name}, which is no operation${advice}`];
  });
  if (problems.length > 0) throw new SettingsError(problems);
  return new Map<string, RouteLimit>([
    [objectives[0].endpoint, { perSecond: capacity.ordersPerSecond, isMeasured: true }],
    [objectives[1].endpoint, { perSecond: capacity.webhooksPerSecond, isMeasured: true }],
    ...asked.map(([name, perSecond]) => [name, { perSecond, isMeasured: false }] as const),
  ]);
}
