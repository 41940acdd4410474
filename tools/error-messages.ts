/** The messages of every error that the program, its functions, its pipeline and its jobs refuse something with. */
import { execFileSync } from "node:child_process";
import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { projectRoot } from "../local/tools";

/** An error's message where it is written: `…` stands for what is put in. */
export interface ErrorMessage {
  /** Path from the project's root. */
  file: string;
  message: string;
}

const SOURCES = ["components", "config", "delivery", "functions", "pipeline"].map((folder) => `${folder}/**/*.ts`);
/** Shorter texts are parts of messages, or codes. */
const MIN_WORDS = 3;

/** All of them, by file and then as they stand in it; the jobs' are read by Python's own parser. */
export function errorMessages(python: string): ErrorMessage[] {
  const files = SOURCES.flatMap((pattern) => globSync(pattern, { cwd: projectRoot })).sort();
  const found = files.flatMap((file) =>
    messagesIn(file, readFileSync(join(projectRoot, file), "utf8")).map((message) => ({ file, message })),
  );
  const script = join(__dirname, "error_messages.py");
  const jobs = execFileSync(python, [script, join(projectRoot, "jobs")], { encoding: "utf8" });
  return [...found, ...(JSON.parse(jobs) as ErrorMessage[])];
}

/** Texts of `new …Error(…)`, of `refuse(…)`, of codecs that are made by `matching(…)`, and of functions that answer with problems. */
function messagesIn(file: string, text: string): string[] {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true);
  const found = new Set<string>();
  const visit = (node: ts.Node): void => {
    if (speaks(node)) for (const message of textsOf(node)) found.add(message);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return [...found];
}

function speaks(node: ts.Node): boolean {
  if (ts.isNewExpression(node)) return /(Error|Problem|Unauthorized)$/.test(node.expression.getText());
  if (ts.isCallExpression(node))
    return /^(refuse|problems\.push|t\.failure|matching|invalid|failure)$/.test(node.expression.getText());
  return ts.isFunctionDeclaration(node) && /[pP]roblems?$/.test(node.name?.text ?? "");
}

function textsOf(node: ts.Node): string[] {
  const found: string[] = [];
  const visit = (child: ts.Node): void => {
    const text = messageOf(child);
    if (text === undefined) return void ts.forEachChild(child, visit);
    if (text.trim().split(/\s+/).length >= MIN_WORDS) found.push(text);
  };
  ts.forEachChild(node, visit);
  return found;
}

/** A literal, a template, or several of them joined by `+`, as one text. */
function messageOf(node: ts.Node): string | undefined {
  if (ts.isParenthesizedExpression(node)) return messageOf(node.expression);
  if (ts.isStringLiteral(node) || ts.isNoSubstitutionTemplateLiteral(node)) return node.text;
  if (ts.isTemplateExpression(node)) {
    return node.head.text + node.templateSpans.map(({ literal }) => `…${literal.text}`).join("");
  }
  if (ts.isBinaryExpression(node) && node.operatorToken.kind === ts.SyntaxKind.PlusToken) {
    const [left, right] = [messageOf(node.left), messageOf(node.right)];
    return left === undefined && right === undefined ? undefined : `${left ?? "…"}${right ?? "…"}`;
  }
  return undefined;
}
