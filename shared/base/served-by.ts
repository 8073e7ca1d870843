/** Several services under one roof, none of which is made before somebody wants it. */

/** Makes each service when it is first asked for. */
export function servedBy<Parts, All extends Readonly<Record<string, (parts: Parts) => unknown>>>(
  recipes: All,
  parts: Parts,
) {
  const services = Object.entries(recipes).map(
    ([name, make]) => [name, { enumerable: true, get: () => make(parts) }] as const,
  );
  return Object.defineProperties({}, Object.fromEntries(services)) as {
    readonly [Name in keyof All]: ReturnType<All[Name]>;
  };
}
