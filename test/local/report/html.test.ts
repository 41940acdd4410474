import { expect } from "chai";
import fc from "fast-check";
import { parseHTML } from "linkedom";
import { renderPage } from "../../../local/report/html";
import type { RunReport } from "../../../local/report/report";
import { comparedChampion } from "../../functions/support/reports";
import { anyReport, emptyReport, evaluation, passedReport, refusedReport } from "./reports";

/** As much of the DOM as is used here; the compiler knows no browser. */
interface Element {
  tagName: string;
  id: string;
  textContent: string;
  attributes: Iterable<{ name: string; value: string }>;
  getAttribute(name: string): string | null;
  querySelector(selector: string): Element | null;
  querySelectorAll(selector: string): Iterable<Element>;
}

const parse = (page: string) => (parseHTML(page) as unknown as { document: Element }).document;
const documentOf = (report: RunReport) => parse(renderPage(report));
const all = (document: Element, selector: string) => [...document.querySelectorAll(selector)];
const words = (element: Element | null) => (element?.textContent ?? "").replace(/\s+/g, " ").trim();
const text = (document: Element, selector: string) => words(document.querySelector(selector));

const REPORTS = { passed: passedReport, refused: refusedReport, failed: emptyReport };
const SECTIONS = ["stages", "model", "service", "stream", "monitors", "provisioned"];

describe("report.html", () => {
  for (const [kind, report] of Object.entries(REPORTS)) {
    describe(`of a run that ${kind === "refused" ? "was refused" : kind}`, () => {
      const page = renderPage(report());
      const document = parse(page);

      it("says so first, and has every section under its own heading", () => {
        expect(text(document, "h1")).to.match(new RegExp(`^${kind}`));
        expect(all(document, "main > section").map(({ id }) => id)).to.deep.equal(SECTIONS);
        for (const id of SECTIONS) expect(text(document, `#${id} > h2`), id).not.to.equal("");
        expect(all(document, "h1")).to.have.length(1);
      });

      it("needs nothing from elsewhere: no script, no link, no address that a browser would fetch", () => {
        expect(all(document, "script, link, iframe, img, object, embed, form, base")).to.deep.equal([]);
        for (const element of all(document, "*")) {
          for (const { name, value } of element.attributes) {
            if (/^(src|srcset|href|xlink:href|action|poster|data)$/.test(name)) expect(value, name).to.match(/^#/);
            expect(name, "no handlers").not.to.match(/^on/);
            expect(value).not.to.match(/url\((?!#)/);
          }
        }
        expect(page).not.to.match(/@import|url\(\s*['"]?(https?:|\/\/|data:)/);
        const policy = document.querySelector('meta[http-equiv="Content-Security-Policy"]');
        expect(policy?.getAttribute("content")).to.contain("default-src 'none'");
      });

      it("has labels and links that lead somewhere, and each id once", () => {
        const ids = all(document, "[id]").map(({ id }) => id);
        expect(new Set(ids).size).to.equal(ids.length);
        const targets = [
          ...all(document, "a").map((link) => link.getAttribute("href")?.slice(1)),
          ...all(document, "[aria-labelledby]").map((element) => element.getAttribute("aria-labelledby")),
        ];
        expect(targets).to.have.length.above(SECTIONS.length);
        for (const target of targets) expect(ids).to.include(target);
        for (const plot of all(document, "figure > svg")) {
          expect(plot.getAttribute("role")).to.equal("img");
          expect(plot.getAttribute("aria-label")).to.have.length.above(40);
        }
        for (const header of all(document, "table th")) expect(header.getAttribute("scope")).to.match(/^(row|col)$/);
      });
    });
  }

  it("shows the model's figures with their intervals, six views of it, and what the rows cost", () => {
    const document = documentOf(passedReport());
    const cards = all(document, "#model .card").map(words);
    expect(cards[0]).to.match(/^AUPRC\s*0\.812.*0\.792 – 0\.822/);
    expect(cards[1]).to.match(/^ROC AUC\s*0\.975.*0\.955 – 0\.985/);
    const titles = all(document, "#model figcaption").map(words);
    expect(titles).to.deep.equal([
      "ROC curve",
      "Precision–recall curve",
      "Scores by class",
      "Cost by threshold",
      "Calibration",
      "Confusion matrix",
    ]);
    expect(all(document, "#model figure > svg")).to.have.length(5);
    const matrix = all(document, ".matrix td strong").map(words);
    expect(matrix).to.deep.equal(["54", "16", "6", "39,924"]);
  });

  it("shows the champion beside the new model, or why there is none to compare with", () => {
    const report = passedReport();
    const found = evaluation();
    expect(text(documentOf(report), "#model")).to.contain("Not compared. There is no champion yet.");
    const champion = comparedChampion(-0.03, [-0.05, -0.01]);
    const document = documentOf({ ...report, evaluation: { ...found, champion } });
    const rows = all(document, "#model tbody tr").map(words);
    expect(rows.find((row) => row.startsWith("AUPRC"))).to.match(/0\.8120 0\.8300 −0\.0300 −0\.0500 to −0\.0100$/);
    expect(text(document, "#model")).to.contain("Champion (xgboost, version 3)").and.contain(champion.detail);
  });

  it("draws plots in the page's colours alone, so that light and dark need no second drawing", () => {
    for (const svg of all(documentOf(passedReport()), "figure > svg")) {
      for (const element of svg.querySelectorAll("[fill], [stroke]")) {
        for (const name of ["fill", "stroke"]) {
          const colour = element.getAttribute(name);
          if (colour !== null) expect(colour).to.match(/^(none|currentColor|var\(--[a-z]+\))$/);
        }
      }
    }
  });

  it("shows stages on one axis of time, each where the one before it ended", () => {
    const bars = all(documentOf(passedReport()), ".timeline .track i").map((bar) => {
      const [, left, width] = /^left:([\d.]+)%;width:([\d.]+)%$/.exec(bar.getAttribute("style") ?? "") ?? [];
      return { left: Number(left), width: Number(width) };
    });
    let end = 0;
    for (const { left, width } of bars) {
      expect(left).to.be.closeTo(end, 0.05);
      end = left + width;
    }
    expect(end).to.be.closeTo(100, 0.1);
  });

  it("labels generated data wherever figures from it stand, and a file's nowhere", () => {
    const { data, ...rest } = passedReport();
    const synthetic = documentOf({ ...rest, data: { ...data, source: "synthetic" } });
    for (const place of ["header", "#model > h2", "#stream > h2"]) {
      expect(text(synthetic, place), place).to.contain("synthetic data");
    }
    for (const caption of all(synthetic, "figcaption")) expect(words(caption)).to.contain("synthetic data");
    expect(renderPage(passedReport())).not.to.contain("synthetic data");
  });

  it("tells why the gate refused, and why a run failed", () => {
    expect(text(documentOf(refusedReport()), "header .notice")).to.equal("ROC AUC 0.9750 is below 0.99");
    expect(text(documentOf(emptyReport()), "header .notice")).to.equal("No Python 3.10 or newer was found.");
    expect(text(documentOf(emptyReport()), "h1")).to.contain("stage data");
  });

  it("says what was not run instead of showing nothing", () => {
    const document = documentOf(emptyReport());
    for (const id of SECTIONS.slice(1)) expect(text(document, `#${id}`), id).to.contain("Not run.");
    const { api, ...rest } = passedReport();
    const half = documentOf({ ...rest, api: { ...api, url: null, predictStatus: null } });
    expect(text(half, "#service")).to.contain("fraud-live").and.to.contain("The API was not asked.");
  });

  it("says so where the stream's rows do not add up", () => {
    const lost = passedReport();
    expect(text(documentOf(lost), "#stream")).to.contain("Every row was scored or quarantined");
    lost.stream.written = 1999;
    expect(text(documentOf(lost), "#stream")).to.contain("The rows do not add up.");
  });

  it("counts what stands below each component; components themselves are no resources", () => {
    const counts = all(documentOf(passedReport()), ".tree .count").map(words);
    expect(counts).to.deep.equal(["3 resources", "2 resources"]);
    expect(all(documentOf(passedReport()), ".tree li")).to.have.length(5);
  });

  it("shows hostile text as text, wherever it stands", () => {
    const hostile = `</pre></style><script>alert("1")</script><img src=x onerror='alert(2)'>`;
    const poisoned = JSON.parse(
      JSON.stringify(passedReport(), (key, value: unknown) =>
        typeof value === "string" && !["source", "status", "startedAt"].includes(key) ? hostile : value,
      ),
    ) as RunReport;
    const document = documentOf({ ...poisoned, error: hostile, refusal: hostile });
    expect(all(document, "script, img")).to.deep.equal([]);
    const shown = words(document.querySelector("body"));
    expect(shown.split('alert("1")').length).to.be.above(12);
  });

  it("renders any report: no hole, no NaN, no undefined, and always the same page", () => {
    fc.assert(
      fc.property(anyReport, (report) => {
        // Texts of the report itself may say anything.
        const plain = JSON.parse(
          JSON.stringify(report, (key, value: unknown) =>
            typeof value === "string" && !["source", "status", "startedAt"].includes(key) ? "text" : value,
          ),
        ) as RunReport;
        const page = renderPage(plain);
        expect(page).not.to.match(/NaN|undefined|Infinity|\[object/);
        expect(renderPage(plain)).to.equal(page);
        expect(all(parse(page), "main > section")).to.have.length(SECTIONS.length);
        renderPage(report);
      }),
      { numRuns: 25 },
    );
  });

  it("stays small where curves have as many points as they may", () => {
    const report = passedReport();
    const points = Array.from({ length: 500 }, (_, i): [number, number] => [i / 499, Math.sqrt(i / 499)]);
    const found = evaluation();
    report.evaluation = {
      ...found,
      cost: { ...found.cost, curve: points },
      curves: { ...found.curves, roc: points, precisionRecall: points },
    };
    expect(renderPage(report).length).to.be.below(250_000);
  });
});
