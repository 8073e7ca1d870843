/** VitePress's own look, with diagrams that the reader's browser draws; until then, and without scripts, their text stands there. */
import DefaultTheme from "vitepress/theme";
import { Diagram } from "./diagram.mjs";
// oxlint-disable-next-line import/no-unassigned-import -- what it brings is style
import "./diagram.css";

export default {
  extends: DefaultTheme,
  enhanceApp({ app }) {
    app.component("Diagram", Diagram);
  },
};
