/** A diagram of Mermaid, drawn in the colours of the page and again when they change. */
import { useData } from "vitepress";
import { defineComponent, h, onMounted, ref, watch } from "vue";

let drawn = 0;

/** It shrinks with the page as far as its text can be read; who wants to see the rest moves it. */
const leastScale = 0.65;

const keepReadable = (svg) =>
  svg.replace(
    /max-width: ([\d.]+)px/,
    (told, width) => `${told}; min-width: ${Math.round(width * leastScale)}px`,
  );

export const Diagram = defineComponent({
  props: { source: { type: String, required: true } },
  setup({ source }) {
    const { isDark } = useData();
    const text = decodeURIComponent(source);
    const svg = ref("");
    async function draw() {
      // Large, and only pages with diagrams need it.
      const { default: mermaid } = await import("mermaid");
      mermaid.initialize({ startOnLoad: false, theme: isDark.value ? "dark" : "neutral" });
      drawn += 1;
      const made = await mermaid.render(`diagram-${drawn}`, text);
      svg.value = keepReadable(made.svg);
    }
    onMounted(draw);
    watch(isDark, draw);
    return () =>
      svg.value === ""
        ? h("pre", { class: "diagram" }, text)
        : h("div", { class: "diagram", tabindex: 0, innerHTML: svg.value });
  },
});
