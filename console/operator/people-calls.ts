/** The routes of people, by the names of their operations: the client has none of them. Each goes on until it is done. */
import type { z } from "zod";
import type * as api from "../../shared/api/people.ts";
import type { Session } from "../parts/session.ts";

type Exported = z.output<(typeof api.exportPerson)["answers"][200]>;
type Erased = z.output<(typeof api.erasePerson)["answers"][200]>;

const buildPath = (userId: string): string => `/admin/people/${encodeURIComponent(userId)}`;

/** Every page of what there is of a person. */
export async function exportPerson({ ask }: Session, userId: string): Promise<Exported[]> {
  const pages: Exported[] = [];
  let more = "";
  do {
    const page = (await ask("GET", buildPath(userId) + more)) as Exported;
    pages.push(page);
    more = page.cursor === null ? "" : `?cursor=${encodeURIComponent(page.cursor)}`;
  } while (more !== "");
  return pages;
}

/** Erases page by page; what was erased before an error stays erased, and a second call goes on there. */
export async function erasePerson({ ask }: Session, userId: string): Promise<Erased> {
  let erased: Erased;
  do erased = (await ask("DELETE", buildPath(userId))) as Erased;
  while (!erased.done);
  return erased;
}
