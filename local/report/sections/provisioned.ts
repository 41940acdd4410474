// What the engine brought up, as a tree of components.
import { type Markup, html, notRun, section, whole } from "../markup";
import type { RunReport, TreeNode } from "../report";

export function provisionedSection({ tree, provisioned }: RunReport): Markup {
  if (tree === undefined) return notRun("provisioned", "Provisioned", "The stack did not come up.");
  return section(
    "provisioned",
    "Provisioned",
    html`<p class="lead">
        ${whole(provisioned.resources)} resources in ${whole(provisioned.components)} components, by the Pulumi engine.
      </p>
      <ul class="tree">
        ${tree.map(branch)}
      </ul>`,
  );
}

function branch(node: TreeNode): Markup {
  if (node.children.length === 0) {
    return html`<li class="leaf">
      <span class="name">${node.name}</span> <code title="${node.type}">${kindOf(node)}</code>
    </li>`;
  }
  const count = resources(node);
  return html`<li>
    <details>
      <summary>
        <span class="name">${node.name}</span> <code title="${node.type}">${kindOf(node)}</code>
        <span class="count">${count} ${count === 1 ? "resource" : "resources"}</span>
      </summary>
      <ul>
        ${node.children.map(branch)}
      </ul>
    </details>
  </li>`;
}

/** A component's class; a resource's service and type: `lambda/Function` of `aws:lambda/function:Function`. */
function kindOf({ type }: TreeNode): string {
  const [provider, module = "", kind] = type.split(":");
  if (kind === undefined) return type;
  return provider === "aws" ? `${module.split("/")[0]}/${kind}` : kind;
}

/** What stands in the cloud at or below a node; components are none of it. */
const resources = (node: TreeNode): number =>
  (node.type.startsWith("aws:") ? 1 : 0) + node.children.reduce((sum, child) => sum + resources(child), 0);
