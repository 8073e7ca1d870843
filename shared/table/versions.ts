/** Versions that a write may ask for. Version 0 stands for what was never written: then there is no attribute. */
import { anyOf, condition, Fragment, isMissing, not, pathsOf } from "./expression.ts";

const at = pathsOf<{ readonly version: number }>();

/** Exactly this version; or one of some, and none of others. */
export type ExpectedVersion =
  | number
  | {
      readonly oneOf?: readonly number[] | undefined;
      readonly noneOf?: readonly number[] | undefined;
    };

/** Stands for a list that no version is in. */
const noVersion = -1;

function splitExpected(expected: ExpectedVersion) {
  if (typeof expected === "number") return { oneOf: [expected], noneOf: [] };
  const { oneOf, noneOf = [] } = expected;
  return { oneOf: oneOf?.length === 0 ? [noVersion] : oneOf, noneOf };
}

/** Whether a version is what a write asks for; whoever asks for nothing gets any. */
export function isExpected(expected: ExpectedVersion | undefined, version: number): boolean {
  if (expected === undefined) return true;
  const { oneOf, noneOf } = splitExpected(expected);
  return (oneOf?.includes(version) ?? true) && !noneOf.includes(version);
}

/** The one version that a write can meet; undefined where there are several. */
export function onlyExpected(expected: ExpectedVersion | undefined): number | undefined {
  if (expected === undefined) return undefined;
  const { oneOf = [] } = splitExpected(expected);
  return oneOf.length === 1 ? oneOf[0] : undefined;
}

/** The row has this version. */
export function versionIs(version: number): Fragment {
  return version === 0 ? isMissing(at("version")) : condition`${at("version")} = ${version}`;
}

/** DynamoDB takes as many operands in one `IN`. */
const mostInOneList = 100;

/** A sentence a version would be over DynamoDB's 4,096 bytes when there are many: lists say it shorter. */
function versionIsIn(versions: readonly number[]): Fragment[] {
  const distinct = [...new Set(versions)].filter((version) => version !== 0);
  const lists: Fragment[] = versions.includes(0) ? [versionIs(0)] : [];
  for (let start = 0; start < distinct.length; start += mostInOneList) {
    const list = distinct.slice(start, start + mostInOneList);
    const commas = list.slice(1).map(() => ", ");
    lists.push(new Fragment(["", " IN (", ...commas, ")"], [at("version"), ...list]));
  }
  return lists;
}

/** The row has a version that the write asks for: the same as `isExpected`, judged by the database. */
export function versionIsExpected(expected: ExpectedVersion | undefined): Fragment[] {
  if (expected === undefined) return [];
  const { oneOf, noneOf } = splitExpected(expected);
  const [first, ...others] = oneOf?.length === 1 ? oneOf.map(versionIs) : versionIsIn(oneOf ?? []);
  return [...(first ? [anyOf(first, ...others)] : []), ...versionIsIn(noneOf).map(not)];
}
