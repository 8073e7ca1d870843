/** EventBridge's patterns, which rules, archives and the filters of streams share: whether an event fits one. */

type Pattern = Readonly<Record<string, unknown>>;
type Operator = (argument: unknown, value: unknown) => boolean;

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : [value]);
const isObject = (value: unknown): value is Pattern =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** A number beside one or two comparisons, as `[">", 0, "<=", 5]`. */
function compares(argument: unknown, value: unknown): boolean {
  const compare: Readonly<Record<string, (one: number, other: number) => boolean>> = {
    "=": (one, other) => one === other,
    "<": (one, other) => one < other,
    "<=": (one, other) => one <= other,
    ">": (one, other) => one > other,
    ">=": (one, other) => one >= other,
  };
  const parts = asList(argument);
  return [0, 2]
    .filter((at) => at < parts.length)
    .every((at) => {
      const holds = compare[String(parts[at])];
      return typeof value === "number" && holds?.(value, Number(parts[at + 1])) === true;
    });
}

const operators: Readonly<Record<string, Operator>> = {
  exists: (argument, value) => (value !== undefined) === argument,
  prefix: (argument, value) => typeof value === "string" && value.startsWith(String(argument)),
  suffix: (argument, value) => typeof value === "string" && value.endsWith(String(argument)),
  "equals-ignore-case": (argument, value) =>
    typeof value === "string" && value.toLowerCase() === String(argument).toLowerCase(),
  "anything-but": (argument, value) =>
    value !== undefined && !asList(argument).some((each) => fitsOne(each, value)),
  numeric: compares,
};

function fitsOne(wanted: unknown, value: unknown): boolean {
  if (!isObject(wanted)) return wanted === value;
  return Object.entries(wanted).every(([name, argument]) => {
    const operator = operators[name];
    if (!operator) throw new Error(`patterns with ${name} do not run on this machine`);
    return operator(argument, value);
  });
}

/**
 * Whether an event fits a pattern: every field that the pattern names has one of the values that it lists.
 *
 * @throws Error for an operator that this machine does not know
 */
export function fitsPattern(pattern: Pattern, event: unknown): boolean {
  return Object.entries(pattern).every(([name, wanted]) => {
    const value = isObject(event) ? event[name] : undefined;
    if (isObject(wanted)) return fitsPattern(wanted, value);
    const values = Array.isArray(value) ? (value as unknown[]) : [value];
    return asList(wanted).some((each) => values.some((one) => fitsOne(each, one)));
  });
}
