import { Markup, html, type Part } from "./markup";
import { STYLE } from "./style";

/** Nothing is fetched, nothing runs: the page says so itself, and a browser holds it to that. */
const POLICY = "default-src 'none'; style-src 'unsafe-inline'";

export interface Page {
  title: string;
  /** How it went, in a word that the style has a colour for. */
  kind: string;
  /** What this is, in small letters above the headline. */
  kicker: string;
  headline: string;
  /** What whoever opens it must not miss. */
  notices: Part;
  /** A few names with their values. */
  glance: readonly (readonly [name: string, value: Part])[];
  navigation: { label: string; links: Part };
  main: Part;
}

/** A whole document that needs nothing else. All text in it is shown as text, whatever it holds. */
export const page = ({ title, kind, kicker, headline, notices, glance, navigation, main }: Page): string =>
  html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta http-equiv="Content-Security-Policy" content="${POLICY}" />
        <meta name="color-scheme" content="light dark" />
        <title>${title}</title>
        <style>
          ${new Markup(STYLE)}
        </style>
      </head>
      <body>
        <header class="top ${kind}">
          <div class="inner">
            <p class="kicker">${kicker}</p>
            <h1><span class="badge ${kind}">${kind}</span> ${headline}</h1>
            ${notices}
            <dl class="glance">
              ${glance.map(
                ([name, value]) =>
                  html`<div>
                    <dt>${name}</dt>
                    <dd>${value}</dd>
                  </div>`,
              )}
            </dl>
            <nav aria-label="${navigation.label}">${navigation.links}</nav>
          </div>
        </header>
        <main>${main}</main>
      </body>
    </html> `.text;
