// The policy pack: `pulumi up --policy-pack policy`. The offline preview runs it too.
import { PolicyPack, type ResourceValidationPolicy, type StackValidationPolicy } from "@pulumi/policy";
import type { Declared, ResourceRule, StackRule } from "./rule";
import { RESOURCE_RULES, STACK_RULES } from "./rules";

interface Resource {
  type: string;
  name: string;
  urn: string;
  props: Record<string, unknown>;
  opts: { protect: boolean };
}

function declared({ type, name, urn, props, opts }: Resource): Declared {
  return { type, urn, name, stack: urn.split("::")[0]?.split(":").at(-1) ?? "", props, protect: opts.protect };
}

const ofResource = (rule: ResourceRule): ResourceValidationPolicy => ({
  name: rule.name,
  description: rule.description,
  enforcementLevel: rule.level,
  validateResource: (resource, report) => {
    for (const problem of rule.check(declared(resource))) report(problem);
  },
});

const ofStack = (rule: StackRule): StackValidationPolicy => ({
  name: rule.name,
  description: rule.description,
  enforcementLevel: rule.level,
  validateStack: ({ resources }, report) => {
    for (const { urn, problem } of rule.checkStack(resources.map(declared))) report(problem, urn);
  },
});

new PolicyPack("fraud-platform", { policies: [...RESOURCE_RULES.map(ofResource), ...STACK_RULES.map(ofStack)] });
