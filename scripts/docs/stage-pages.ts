/**
 * Brings the pages together as the site has them: what `docs/` has at the top, the rest beside it. Links go on leading where
 * they lead in the project; a source that a page links to becomes a page that shows it.
 */
import {
  copyFileSync,
  globSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { dirname, join, posix } from "node:path";
import { makeSidebar } from "./contents.ts";
import { packageEntries } from "./package-entries.ts";
import { root, site, staged } from "./places.ts";

/** Where a page or source of the project is in the site. */
function stagedPath(path: string): string {
  if (path === "README.md") return "overview.md";
  const place = path.replace(/^docs\//, "");
  if (place === "README.md") return "all-pages.md";
  if (place.endsWith("README.md")) return place.replace(/README\.md$/, "index.md");
  return place.endsWith(".md") ? place.toLowerCase() : `sources/${place}.md`;
}

function write(path: string, text: string): void {
  mkdirSync(dirname(join(staged, path)), { recursive: true });
  writeFileSync(join(staged, path), text);
}

/** A page about a file that is no page, or about a folder. */
function sourcePage(path: string): string {
  if (statSync(join(root, path)).isDirectory()) {
    const rows = readdirSync(join(root, path)).map((name) => `- [${name}](${path}/${name})`);
    // Written as a page at the root of the project would be; its links are carried over from there.
    return carryLinks(`# ${path}\n\n${rows.join("\n")}\n`, "", stagedPath(path));
  }
  const text = readFileSync(join(root, path), "utf8");
  return `# ${path}\n\n\`\`\`${posix.extname(path).slice(1)}\n${text}\`\`\`\n`;
}

const shown = new Set<string>();

/** The file that a link leads to, as the site has it: contracts and pictures stay files, what else is no page becomes one. */
function carriedTarget(path: string): string {
  const place = path.replace(/^docs\//, "");
  const folder = { ".json": join(staged, "public"), ".svg": staged }[posix.extname(path)];
  if (folder !== undefined) {
    mkdirSync(dirname(join(folder, place)), { recursive: true });
    copyFileSync(join(root, path), join(folder, place));
    return place;
  }
  if (!path.endsWith(".md") && !shown.has(path)) {
    shown.add(path);
    write(stagedPath(path), sourcePage(path));
  }
  return stagedPath(path);
}

/** A page's text with its links made to lead from its place in the site; blocks of code stay as they are. */
function carryLinks(text: string, folder: string, place: string): string {
  const parts = text.split(/(^```[\s\S]*?^```$|`[^`\n]+`)/m);
  const carried = parts.map((part, at) =>
    at % 2 === 1
      ? part
      : part.replaceAll(
          /\]\((?!https?:|mailto:|#)([^)#\s]+)(#[^)\s]*)?\)/g,
          (_link, path: string, anchor = "") => {
            const target = carriedTarget(posix.normalize(posix.join(folder, path)));
            return `](${linkFrom(place, target)}${anchor})`;
          },
        ),
  );
  return carried.join("");
}

function linkFrom(place: string, target: string): string {
  const link = posix.relative(posix.dirname(place), target);
  return link.startsWith(".") ? link : `./${link}`;
}

/** Makes `site/pages` of what the project has; the reference comes beside it. */
export function stagePages(): void {
  const pages = [
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "test/releases/README.md",
    ...globSync("{docs,bench}/**/*.md", { cwd: root }).map((path) => path.replaceAll("\\", "/")),
  ];
  const titles = new Map<string, string>();
  for (const path of pages) {
    const text = readFileSync(join(root, path), "utf8");
    const place = stagedPath(path);
    titles.set(place, /^# (.+)$/m.exec(text)?.[1]?.replaceAll("`", "") ?? place);
    write(place, carryLinks(text, posix.dirname(path), place));
  }
  copyFileSync(join(site, "home.md"), join(staged, "index.md"));
  const entries = packageEntries().map(({ name }) => name);
  write("sidebar.json", JSON.stringify(makeSidebar(titles, entries)));
}
