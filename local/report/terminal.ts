// The summary that `npm start` ends with.
import { styleText } from "node:util";
import type { RunReport } from "./report";
import { verdictOf } from "./verdict";

const VERDICT_COLOURS = { passed: "green", refused: "yellow", failed: "red" } as const;

/** Plain text, a fact a line. */
export function summary(report: RunReport, options: { colour: boolean }): string {
  const paint = (style: "green" | "red" | "yellow" | "bold", text: string) =>
    options.colour ? styleText(style, text, { validateStream: false }) : text;
  const { model, data, api, stream, registry, endpoint, provisioned, evaluation } = report;
  const synthetic = data.source === "synthetic" ? " (synthetic data)" : "";
  const { kind, sentence } = verdictOf(report);
  const verdict = paint(VERDICT_COLOURS[kind], `${kind.toUpperCase()}: ${lowerFirst(sentence)}`);
  const lines: [string, string | undefined][] = [
    ["Data", data.rows === null ? undefined : `${count(data.rows)} rows, ${count(data.frauds)} frauds, ${data.source}`],
    [
      "Model",
      model.rocAuc === null
        ? undefined
        : `${model.algorithm}: ROC AUC ${figure(model.rocAuc)}, AUPRC ${figure(model.auprc)} [${model.auprcInterval?.map(figure).join(", ") ?? ""}]${synthetic}`,
    ],
    [
      "",
      evaluation === undefined
        ? undefined
        : `recall ${figure(model.recallAtFpr001)} at false-positive rate 0.001; threshold ${figure(model.threshold)}; ${evaluation.confusionMatrix.truePositives} of ${evaluation.rows.frauds} test frauds caught, ${evaluation.confusionMatrix.falsePositives} false alarms`,
    ],
    ["Refused", report.refusal],
    [
      "Registry",
      registry.modelPackageArn === null
        ? undefined
        : `package version ${registry.modelPackageArn.split("/").pop()}, MLflow version ${registry.mlflowModelVersion}`,
    ],
    [
      "Endpoint",
      endpoint.name === null ? undefined : `${endpoint.name} ${endpoint.status}, serving ${endpoint.configName}`,
    ],
    [
      "API",
      api.url === null
        ? undefined
        : `${api.predictStatus} with key, ${api.noKeyStatus} without; p50 ${api.p50Ms} ms, p99 ${api.p99Ms} ms`,
    ],
    [
      "Stream",
      stream.rowsIn === null
        ? undefined
        : `${stream.rowsIn} rows in = ${stream.scored} scored + ${stream.quarantined} quarantined; ${stream.written} in DynamoDB`,
    ],
    ["Monitors", report.monitors === undefined ? undefined : monitorsLine(report.monitors)],
    [
      "Provisioned",
      provisioned.resources === null
        ? undefined
        : `${provisioned.resources} resources in ${provisioned.components} components`,
    ],
    [
      "Run",
      `${report.durationSeconds.toFixed(1)} s${report.resources.peakMb === null ? "" : `, ${report.resources.peakMb} MB of memory at its peak`}`,
    ],
  ];
  return [
    paint("bold", verdict),
    ...lines.flatMap(([name, value]) => (value === undefined ? [] : [`  ${name.padEnd(12)} ${value}`])),
  ].join("\n");
}

/** Violations in clean and in drifted traffic. */
const monitorsLine = (monitors: NonNullable<RunReport["monitors"]>) =>
  Object.entries(monitors)
    .map(([name, { clean, drifted }]) => `${name} ${clean.violations} clean, ${drifted.violations} drifted`)
    .join("; ");

const count = (value: number | null) => (value === null ? "?" : value.toLocaleString("en-US"));
const figure = (value: number | null) => (value === null ? "?" : value.toFixed(3));
const lowerFirst = (text: string) => text.charAt(0).toLowerCase() + text.slice(1);
