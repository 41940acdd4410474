// HTML by template: everything that is put in is escaped, unless it is markup already.

/** Markup that needs no escaping. */
export class Markup {
  constructor(readonly text: string) {}
}

/** What may be put into markup. */
export type Part = Markup | string | number | null | undefined | false | readonly Part[];

export function html(strings: TemplateStringsArray, ...parts: Part[]): Markup {
  return new Markup(strings.map((text, i) => text + (i < parts.length ? render(parts[i]) : "")).join(""));
}

function render(part: Part): string {
  if (part === null || part === undefined || part === false) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "string" || typeof part === "number") return escape(String(part));
  return part.map(render).join("");
}

export const escape = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)};`);

/** A section of the page with its heading; `aside` stands beside the heading. */
export const section = (id: string, title: string, content: Part, aside?: Part): Markup =>
  html`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title} ${aside}</h2>
    ${content}
  </section>`;

/** A part of the run that there is nothing to show of. */
export const notRun = (id: string, title: string, why: string): Markup =>
  section(id, title, html`<p class="empty"><strong>Not run.</strong> ${why}</p>`);

/** Names with their values; those without a value are left out. */
export const facts = (entries: readonly (readonly [name: string, value: Part])[]): Markup =>
  html`<dl class="facts">
    ${entries.map(
      ([name, value]) =>
        value !== null &&
        html`<div>
          <dt>${name}</dt>
          <dd>${value}</dd>
        </div>`,
    )}
  </dl>`;

/** A whole number with thousands marked; a dash where there is none. */
export const whole = (value: number | null): string => (value === null ? "–" : value.toLocaleString("en-US"));

/** Stands wherever figures from generated transactions do. */
export const syntheticBadge = (source: "file" | "synthetic" | "database"): Markup | false =>
  source === "synthetic" && html`<span class="badge synthetic">synthetic data</span>`;
