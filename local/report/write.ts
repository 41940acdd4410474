import { mkdirSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderPage } from "./html";
import { RunReport } from "./report";

/** Writes report.json and report.html; a reader sees the old ones or the new ones, never a half. */
export function writeReport(directory: string, report: RunReport): void {
  mkdirSync(directory, { recursive: true });
  const write = (name: string, content: string) => {
    const part = join(directory, `${name}.${process.pid}.part`);
    writeFileSync(part, content);
    renameSync(part, join(directory, name));
  };
  write("report.json", `${JSON.stringify(RunReport.encode(report), undefined, 2)}\n`);
  write("report.html", renderPage(report));
}
