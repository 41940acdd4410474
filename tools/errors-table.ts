import { dirname } from "node:path";
import type { ErrorMessage } from "./error-messages";
import { REMEDIES, type Remedy } from "./error-remedies";

/** What is to be done about an error, if anything is said of it. */
export function remedyOf({ file, message }: ErrorMessage): Remedy | undefined {
  return REMEDIES.find(({ pattern }) => pattern.test(`${file}: ${message}`));
}

/** The component, function or job that a file belongs to. */
function owner(file: string): string {
  return file.startsWith("components/") || file.startsWith("pipeline/") ? file : dirname(file);
}

/** `docs/errors.md`. */
export function errorsDocument(messages: readonly ErrorMessage[]): string {
  const lines = [
    "# Errors",
    "",
    "Every message with which a component, a function, the pipeline or a job refuses something, and what to do about it. `…`",
    "stands for what is put in: the value, the name, the reason. This page is generated from the code (`npm run docs:errors`), and",
    "a test holds it to the code. Refusals of AWS's own services come in AWS's words.",
  ];
  let last = "";
  for (const error of messages) {
    const heading = owner(error.file);
    if (heading !== last) lines.push("", `## ${heading}`, "", "| message | what to do |", "| --- | --- |");
    last = heading;
    lines.push(`| ${cell(error.message)} | ${remedyOf(error)?.remedy ?? ""} |`);
  }
  return `${lines.join("\n")}\n`;
}

/** Text as a cell of a table has it: on one line, and as it is. */
function cell(text: string): string {
  return text
    .replaceAll(/\s+/g, " ")
    .trim()
    .replaceAll(/[|\\`*_<>[\]]/g, (sign) => `\\${sign}`);
}
