/** Tells whether a path fits a route, for the answer to a wrong method. */

/** Whether `path` fits a route like `/items/{itemId}`: same length, same fixed segments, no empty parameter. */
export function matchesPath(route: string, path: string): boolean {
  const wanted = route.split("/");
  const given = path.split("/");
  if (wanted.length !== given.length) return false;
  return wanted.every((segment, index) =>
    segment.startsWith("{") ? given[index] !== "" : segment === given[index],
  );
}
