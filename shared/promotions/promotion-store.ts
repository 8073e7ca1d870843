/** How promotions are kept: a row each, the list of those that apply by themselves, and stamps that orders check. */
import type { ChangeNote } from "../base/actor.ts";
import { pickShard } from "../base/ids.ts";
import type { EpochMs } from "../base/time.ts";
import type { Database } from "../table/database.ts";
import {
  allOf,
  anyOf,
  AttributePath,
  condition,
  type Fragment,
  isMissing,
  pathsOf,
} from "../table/expression.ts";
import type { Page } from "../table/paging.ts";
import { check, put, type Row, type Write } from "../table/write.ts";
import type { Place } from "../table/batch-read.ts";
import type { PriceListRow } from "./price-list.ts";
import { type Promotion, PromotionMoved } from "./promotion.ts";

/** Every promotion that was not deleted stands in this one partition of the index. */
const catalog = "promotions";

/** Orders check one of so many copies of a revision, so that they do not stand in each other's way. */
export const stampCount = 16;

/** The code under which the list stands; a promotion's own has no such sign. */
const listCode = "#automatic";

/**
 * The list stands there so many times over, all alike: every cart and every order reads it as of now, and one
 * partition gives no more than 3,000 such reads a second.
 */
const listCopies = 16;

/** A promotion as it is stored; a deleted one keeps its revision, so that none is ever met twice. */
export interface PromotionRow extends Promotion {
  readonly catalog?: string;
  readonly deletedAtMs?: EpochMs;
  readonly change: ChangeNote;
}

const at = pathsOf<PromotionRow>();

/** Where a promotion is. */
export const promotionPlace = (code: string) =>
  ({ table: "Promotions", key: { code } }) as const satisfies Place;

const listPlaceAt = (copy: number) => promotionPlace(copy === 0 ? listCode : `${listCode}=${copy}`);

/** Where the list of automatic promotions is for who reads on behalf of this cart, order or the like. */
export function priceListPlace(reader: string) {
  return listPlaceAt(pickShard(reader, listCopies));
}

/** Facts that are undefined are left out, so that equal promotions are equal rows. */
function withoutGaps<T extends object>(facts: T): T {
  return Object.fromEntries(Object.entries(facts).filter(([, value]) => value !== undefined)) as T;
}

/** The promotion in a stored row, also a deleted one's last facts. */
export function parseStoredPromotion(row: Row): PromotionRow {
  return row as unknown as PromotionRow;
}

/** The promotion in a stored row; undefined for one that was deleted. */
export function parsePromotion(row: Row | undefined): Promotion | undefined {
  if (!row || row["deletedAtMs"] !== undefined) return undefined;
  const { catalog: _catalog, change: _change, ...promotion } = parseStoredPromotion(row);
  return promotion;
}

function revisionIs(revision: number): Fragment {
  return revision === 0 ? isMissing(at("revision")) : condition`${at("revision")} = ${revision}`;
}

/** Puts a promotion in place of the one that was read; `deletedAtMs` makes it go. */
export function putPromotionWrite(
  promotion: Promotion,
  readRevision: number,
  note: ChangeNote,
  deletedAtMs?: EpochMs,
): Write {
  const listed = deletedAtMs === undefined ? { catalog } : { deletedAtMs };
  return put({
    ...promotionPlace(promotion.code),
    item: { ...withoutGaps(promotion), ...listed, change: note },
    condition: revisionIs(readRevision),
    refused: () => new PromotionMoved(),
  });
}

/** Puts a list in place of the one that was read, in all of its copies. */
export function putPriceListWrites(automatic: readonly Promotion[], readRevision: number): Write[] {
  const byCode = automatic.map((promotion) => [promotion.code, withoutGaps(promotion)]);
  const item: PriceListRow = {
    code: listCode,
    automatic: Object.fromEntries(byCode) as PriceListRow["automatic"],
    revision: readRevision + 1,
  };
  return Array.from({ length: listCopies }, (_, copy) => {
    const place = listPlaceAt(copy);
    return put({
      ...place,
      item: { ...item, ...place.key },
      condition: revisionIs(readRevision),
      refused: () => new PromotionMoved(),
    });
  });
}

const stampPlace = (code: string, number: number) => promotionPlace(`${code}#${number}`);

/** Tells all orders to come that a promotion has this revision from now on; without a code the list. */
export function stampWrites(revision: number, code: string = listCode): Write[] {
  return Array.from({ length: stampCount }, (_, number) => {
    const place = stampPlace(code, number);
    return put({
      ...place,
      item: { ...place.key, revision },
      condition: anyOf(isMissing(at("revision")), condition`${at("revision")} < ${revision}`),
      refused: () => new PromotionMoved(),
    });
  });
}

/**
 * Lets an order pass only while a promotion (without a code: the list) is as the order was priced. Two orders
 * at once seldom ask the same copy of `stampCount`.
 */
export function stampCheck(revision: number, copy: number, code: string = listCode): Write {
  return check({
    ...stampPlace(code, copy),
    condition: revisionIs(revision),
    refused: () => new PromotionMoved(),
  });
}

/** A discount as an order was given it. */
export type GivenDiscount = Pick<Promotion, "code" | "automatic" | "target" | "value">;

/** The promotion that stands there takes off what it did, at this instant too. */
function stillGives(parents: readonly string[], given: GivenDiscount, nowMs: EpochMs): Fragment {
  const own = (name: keyof PromotionRow) => new AttributePath([...parents, name]);
  const [startsAtMs, endsAtMs] = [own("startsAtMs"), own("endsAtMs")];
  return allOf(
    condition`${own("active")} = ${true}`,
    isMissing(own("deletedAtMs")),
    condition`${own("target")} = ${given.target}`,
    condition`${own("value")} = ${given.value}`,
    anyOf(isMissing(startsAtMs), condition`${startsAtMs} <= ${nowMs}`),
    anyOf(isMissing(endsAtMs), condition`${endsAtMs} > ${nowMs}`),
  );
}

/**
 * Lets money for an order that has ended pass only while each discount is still given as it was: one check for all that
 * apply by themselves, and one for each code.
 */
export function discountChecks(
  given: readonly GivenDiscount[],
  orderId: string,
  nowMs: EpochMs,
): Write[] {
  const refused = () => new PromotionMoved();
  const [first, ...others] = given
    .filter(({ automatic }) => automatic)
    .map((each) => stillGives(["automatic", each.code], each, nowMs));
  const byCode = given
    .filter(({ automatic }) => !automatic)
    .map((each) => {
      return check({
        ...promotionPlace(each.code),
        condition: stillGives([], each, nowMs),
        refused,
      });
    });
  if (!first) return byCode;
  const place = priceListPlace(orderId);
  return [check({ ...place, condition: allOf(first, ...others), refused }), ...byCode];
}

/** These promotions as they are now, by code; undefined for those that there are not. One request. */
export async function findPromotions(
  database: Database,
  codes: readonly string[],
): Promise<Map<string, Promotion | undefined>> {
  if (codes.length === 0) return new Map();
  const rows = await database.getTogether(codes.map(promotionPlace));
  return new Map(codes.map((code, index) => [code, parsePromotion(rows[index])]));
}

/** A page of promotions by code. Two requests: the index, then the promotions. */
export async function listPromotions(
  database: Database,
  page: { readonly limit: number; readonly cursor?: string | undefined },
): Promise<Page<Promotion>> {
  const where = condition`${at("catalog")} = ${catalog}`;
  const { rows, cursor } = await database.query({
    table: "Promotions",
    index: "catalog",
    where,
    ...page,
  });
  const found = await findPromotions(
    database,
    rows.map((row) => String(row["code"])),
  );
  const listed = [...found.values()].filter((promotion) => promotion !== undefined);
  return { rows: listed, ...(cursor === undefined ? {} : { cursor }) };
}
