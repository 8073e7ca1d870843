/** What stands at the side of the site, in which order: every page of `docs/` has a place. */

interface Link {
  readonly text: string;
  readonly link: string;
}

/** A group of pages under one heading. */
interface Group {
  readonly text: string;
  readonly collapsed: boolean;
  readonly items: readonly Link[];
}

/** Pages by their names in `docs/`; a folder stands for all that is in it. */
const groups: Readonly<Record<string, readonly string[]>> = {
  "Run it": ["overview", "all-pages", "console", "http", "client", "live"],
  "In one minute": ["one-minute/"],
  "Use a part": ["package", "named-locks", "own-handlers"],
  "Move over": ["migrate/", "migration"],
  "The shop": ["items", "stock", "carts", "promotions", "orders", "payments", "refunds", "limits"],
  "Who is told": ["events", "webhooks", "people", "events/"],
  "In operation": ["go-live", "settings", "cost", "runbook", "restore", "regions"],
  "Why it holds": [
    "architecture",
    "locking",
    "contention",
    "simulation",
    "proof",
    "interleavings",
    "regressions",
    "decisions/",
  ],
  Measured: ["bench/"],
  "Change it": ["versions", "contributing", "changelog", "test/"],
};

/** The groups with their pages' titles, by the pages' places in the site. Pages that no group names come at the end. */
export function makeSidebar(
  titles: ReadonlyMap<string, string>,
  entries: readonly string[],
): Group[] {
  const places = [...titles.keys()].toSorted();
  const left = new Set(places);
  const read = (page: string): Link => ({ text: titles.get(page) ?? page, link: `/${page}` });
  const written = Object.entries(groups).map(([text, names], at) => {
    const pages = names.flatMap((name) =>
      name.endsWith("/") ? places.filter((place) => place.startsWith(name)) : [`${name}.md`],
    );
    for (const page of pages) left.delete(page);
    return { text, collapsed: at > 3, items: pages.map(read) };
  });
  const more = { text: "More", collapsed: true, items: [...left].map(read) };
  const last = left.size > 0 ? [more] : [];
  return [...written.slice(0, 4), makeReference(entries), ...written.slice(4), ...last];
}

function makeReference(entries: readonly string[]): Group {
  const items = entries.map((name) => ({
    text: `holdfast/${name}`,
    link: `/reference/${name}.md`,
  }));
  return {
    text: "Reference",
    collapsed: true,
    items: [{ text: "The HTTP API", link: "/http-api.md" }, ...items],
  };
}
