/** A diagram of Mermaid, drawn in the colours of the page and again when they change. */
import { useData } from "vitepress";
import { defineComponent, h, onMounted, ref, watch } from "vue";

let drawn = 0;

/** As large as its text needs, however narrow the page: who wants to see the rest moves it. */
const asLarge = { useMaxWidth: false };

export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup({ source }) {
    const { isDark } = useData();
    const text = decodeURIComponent(source);
    const svg = ref("");
    async function draw() {
      // Large, and only pages with diagrams need it.
      const { default: mermaid } = await import("mermaid");
      mermaid.initialize({
        startOnLoad: false,
        theme: isDark.value ? "dark" : "neutral",
        flowchart: asLarge,
        sequence: asLarge,
        state: asLarge,
      });
      drawn += 1;
      ({ svg: svg.value } = await mermaid.render(`diagram-${drawn}`, text));
    }
    onMounted(draw);
    watch(isDark, draw);
    return () =>
      svg.value === ""
        ? h("pre", { class: "diagram" }, text)
        : h("div", { class: "diagram", tabindex: 0, innerHTML: svg.value });
  },
});
