/** The site: everything comes from its own folder, search included; a dead link fails the build. */
import { readFileSync } from "node:fs";
import { defineConfig } from "vitepress";

const sidebar = JSON.parse(readFileSync(new URL("../pages/sidebar.json", import.meta.url), "utf8"));

/** Headings get the anchors that they have elsewhere, so that links to them hold here too. */
const slugify = (heading) =>
  heading
    .toLowerCase()
    .trim()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");

/** Blocks of Mermaid go to the theme's component as they are. */
function drawDiagrams(markdown) {
  const { fence } = markdown.renderer.rules;
  markdown.renderer.rules.fence = (tokens, at, ...rest) => {
    const { info, content } = tokens[at];
    if (info.trim() !== "mermaid") return fence(tokens, at, ...rest);
    return `<Diagram source="${encodeURIComponent(content)}" />\n`;
  };
}

export default defineConfig({
  title: "Holdfast",
  description: "Nothing is sold twice, ordered twice, or overwritten by who lost the right to.",
  lang: "en",
  srcDir: "pages",
  outDir: "dist",
  cacheDir: "node_modules/.vitepress",
  head: [["link", { rel: "icon", href: "data:," }]],
  markdown: { anchor: { slugify }, toc: { slugify }, config: drawDiagrams },
  // The largest is the index of the search, which is read when somebody searches; pages are read one at a time.
  vite: { build: { chunkSizeWarningLimit: 2_500 } },
  themeConfig: {
    nav: [
      { text: "Run it", link: "/overview.md" },
      { text: "Use a part", link: "/package.md" },
      { text: "Move over", link: "/migrate/atomic-cache.md" },
      { text: "HTTP API", link: "/http-api.md" },
    ],
    sidebar,
    outline: [2, 3],
    search: { provider: "local" },
  },
});
