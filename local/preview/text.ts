// A preview for people: in a terminal, and as a comment on a pull request.
import { nameOf } from "../provider/naming";
import type { PreviewReport } from "./report";

type Step = PreviewReport["steps"][number];

const SIGNS: Record<Step["op"], string> = { create: "+", update: "~", replace: "±", delete: "−" };

/** `Storage › key`: the component of the platform that a resource is part of, and its own name. */
export function componentOf(urn: string): string {
  const [, kind] = /\$?(?:fraud:platform:)(\w+)/.exec(urn) ?? [];
  return kind ?? "stack";
}

/** Steps by the component that they are in, in the components' order. */
export function byComponent(steps: readonly Step[]): Map<string, Step[]> {
  const groups = new Map<string, Step[]>();
  for (const step of steps.filter(({ type }) => !type.startsWith("pulumi:") && !type.startsWith("fraud:"))) {
    const component = componentOf(step.urn);
    groups.set(component, [...(groups.get(component) ?? []), step]);
  }
  return new Map([...groups].sort(([one], [other]) => (one < other ? -1 : 1)));
}

function shortType(type: string): string {
  const [module = "", , name = ""] = type.replace(/^aws:/, "").split(/[/:]/);
  return `${module}.${name}`;
}

function line({ op, type, urn, differences }: Step): string {
  const changed = Object.entries(differences)
    .slice(0, 6)
    .map(([path, how]) => (how.endsWith("replace") ? `${path} (forces the replacement)` : path));
  const more = Object.keys(differences).length - changed.length;
  const what = changed.length === 0 ? "" : `: ${changed.join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
  return `${SIGNS[op]} ${shortType(type)} ${nameOf(urn)}${what}`;
}

function counts({ changes }: PreviewReport): string {
  const { create, update, replace, delete: deleted, same } = changes;
  return `${create} to create, ${update} to update, ${replace} to replace, ${deleted} to delete, ${same} unchanged`;
}

function money({ cost }: PreviewReport): string {
  const sign = cost.difference < 0 ? "−" : "+";
  const priced = `$${cost.monthly.toFixed(2)} a month (${sign}$${Math.abs(cost.difference).toFixed(2)})`;
  const prices = cost.pricesFrom ? `, prices of ${cost.pricesFrom} to ${cost.pricesTo}` : "";
  return `${priced} for what is priced in ${cost.region}${prices}; ${cost.unpriced.length} resources are not`;
}

function against({ base }: PreviewReport): string {
  return base === null ? "compared with nothing" : `compared with ${base.slice(0, 10)}`;
}

/** Lines for a terminal. */
export function terminal(report: PreviewReport): string {
  const { steps, policy, notes, stack } = report;
  return [
    `Preview of ${stack}, ${against(report)}: ${counts(report)}`,
    ...[...byComponent(steps)].flatMap(([component, those]) => [
      "",
      component,
      ...those.map((step) => `  ${line(step)}`),
    ]),
    "",
    `Cost: ${money(report)}`,
    ...policy.map(
      ({ enforcement, policy: name, urn, message }) => `Policy (${enforcement}) ${name}: ${nameOf(urn)}: ${message}`,
    ),
    ...notes.map((note) => `Note: ${note}`),
    ...(policy.some(({ enforcement }) => enforcement === "mandatory") ? ["", "Blocked by a mandatory policy."] : []),
  ].join("\n");
}

/** A line that no Markdown can start anything in. */
function cell(text: string): string {
  return text
    .replaceAll("|", "\\|")
    .replaceAll("`", "'")
    .replace(/\s*\n\s*/g, " ");
}

/** Where the workflow finds the comment that it wrote before. */
export const marker = (stack: string) => `<!-- preview:${stack} -->`;

/** A pull request's comment. */
export function markdown(report: PreviewReport): string {
  const { steps, policy, notes, stack, cost } = report;
  const groups = [...byComponent(steps)];
  const blocked = policy.filter(({ enforcement }) => enforcement === "mandatory");
  return [
    marker(stack),
    `### Preview of \`${stack}\``,
    "",
    `${counts(report)}, ${against(report)}.`,
    ...(blocked.length > 0 ? ["", `**Blocked**: ${blocked.length} violations of mandatory policies.`] : []),
    ...groups.flatMap(([component, those]) => [
      "",
      `<details${those.length <= 10 ? " open" : ""}><summary>${component}: ${those.length}</summary>`,
      "",
      "```diff",
      ...those.map((step) => cell(line(step)).replace(/^~/, "!").replace(/^±/, "!").replace(/^−/, "-")),
      "```",
      "",
      "</details>",
    ]),
    ...(policy.length > 0
      ? [
          "",
          "| policy | level | resource | what is wrong |",
          "|---|---|---|---|",
          ...policy.map((each) =>
            [each.policy, each.enforcement, nameOf(each.urn), each.message]
              .map(cell)
              .join(" | ")
              .replace(/^(.*)$/, "| $1 |"),
          ),
        ]
      : []),
    "",
    `Cost: ${money(report)}.`,
    ...(cost.resources.some(({ difference }) => difference !== 0)
      ? [
          "",
          "| resource | billed | a month | difference |",
          "|---|---|--:|--:|",
          ...cost.resources
            .filter(({ difference }) => difference !== 0)
            .map(
              ({ urn, items, monthly, difference }) =>
                `| ${cell(nameOf(urn))} | ${cell(items.join(", "))} | ${monthly.toFixed(2)} | ${difference.toFixed(2)} |`,
            ),
        ]
      : []),
    ...(notes.length > 0 ? ["", ...notes.map((note) => `- ${cell(note)}`)] : []),
    "",
    "Made without credentials and without a network: what only AWS can tell stands in.",
  ].join("\n");
}
