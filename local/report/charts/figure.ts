// A plot as static SVG in currentColor and CSS variables, so that light and dark need no second drawing.
import * as Plot from "@observablehq/plot";
import { parseHTML } from "linkedom";
import { Markup, html } from "../markup";

/** As much of the DOM as is used here; the compiler knows no browser. */
interface SvgElement {
  outerHTML: string;
  setAttribute(name: string, value: string): void;
  removeAttribute(name: string): void;
}

const { document } = parseHTML("<!doctype html><html><body></body></html>") as unknown as { document: never };

/** In the plot's own units; the page scales it to the room there is. */
const SIZE = { width: 480, height: 300, marginLeft: 56, marginRight: 18, marginTop: 28, marginBottom: 42 };

/** Colours of the page's style sheet: `legitimate` and `fraud` are told apart by more than their hue. */
export const COLOURS = {
  line: "var(--accent)",
  legitimate: "var(--accent)",
  fraud: "var(--warm)",
  guide: "var(--muted)",
} as const;

/** A plot with its title, and a text that says what is to be seen, for those who see it and those who don't. */
export function figure(title: string, description: string, options: Plot.PlotOptions, badge: Markup | false): Markup {
  const svg = Plot.plot({ ...SIZE, ...options, document }) as unknown as SvgElement;
  svg.removeAttribute("width");
  svg.removeAttribute("height");
  svg.setAttribute("role", "img");
  svg.setAttribute("aria-label", `${title}. ${description}`);
  return html`<figure>
    <figcaption>${title} ${badge}</figcaption>
    ${new Markup(svg.outerHTML)}
    <p class="note" aria-hidden="true">${description}</p>
  </figure>`;
}

/** `0.1%` of 0.001: as many digits as there are, and no more. */
export const percent = (share: number): string => `${Number((100 * share).toPrecision(3))}%`;

/** Powers of ten from `low` to 1, which an axis of shares is marked with. */
export function decades(low: number): number[] {
  const first = Math.round(Math.log10(low));
  return Array.from({ length: 1 - first }, (_, i) => Number(`1e${first + i}`));
}

/** A point on a curve with a text beside it, inside the plot. */
export function marked(x: number, y: number, text: string, side: "left" | "right", dy = 14): Plot.Markish[] {
  return [
    Plot.dot([[x, y]], { x: "0", y: "1", r: 5.5, fill: COLOURS.fraud, stroke: "var(--card)", strokeWidth: 1.5 }),
    Plot.text([[x, y]], {
      x: "0",
      y: "1",
      text: [text],
      dx: side === "left" ? -9 : 9,
      dy,
      textAnchor: side === "left" ? "end" : "start",
      fill: "currentColor",
      stroke: "var(--card)",
      strokeWidth: 4,
      fontWeight: 600,
    }),
  ];
}

export const three = (value: number): string => value.toFixed(3);
