import { isObject, listOf } from "../rule";

/** A statement of an IAM document, lists made of what may be one. */
export interface Statement {
  effect: string;
  /** `service:Operation`; `*` where the statement says what it does not take. */
  actions: string[];
  resources: string[];
  /** As `kind:who`: `AWS:*`, `Service:lambda.amazonaws.com`. Empty where the document has none. */
  principals: string[];
  conditions: Record<string, unknown>;
}

/** Statements of a document that is text or an object. None where it is neither. */
export function statementsOf(document: unknown): Statement[] {
  const policy = typeof document === "string" ? parsed(document) : document;
  if (!isObject(policy)) return [];
  return listOf(policy["Statement"])
    .filter(isObject)
    .map((statement) => ({
      effect: String(statement["Effect"]),
      actions: statement["NotAction"] === undefined ? texts(statement["Action"]) : ["*"],
      resources: statement["NotResource"] === undefined ? texts(statement["Resource"]) : ["*"],
      principals: statement["NotPrincipal"] === undefined ? principalsOf(statement["Principal"]) : ["AWS:*"],
      conditions: isObject(statement["Condition"]) ? statement["Condition"] : {},
    }));
}

function principalsOf(principal: unknown): string[] {
  if (principal === "*") return ["AWS:*"];
  if (!isObject(principal)) return [];
  return Object.entries(principal).flatMap(([kind, who]) => texts(who).map((one) => `${kind}:${one}`));
}

function texts(value: unknown): string[] {
  return listOf(value).map(String);
}

/** What is wrong with a document that is no JSON is the provider's to say. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Keys of conditions that hold a statement to an account, an organization or a resource. */
const CONFINING =
  /^aws:(SourceAccount|SourceArn|SourceOwner|SourceOrgID|SourceVpce?|PrincipalOrgID|PrincipalAccount|PrincipalArn)$/i;

/** Whether a condition holds the statement to some account, organization, network or resource. */
export function isConfined({ conditions }: Statement): boolean {
  return Object.entries(conditions).some(
    ([operator, keys]) =>
      !/^Not|Not(Equals|Like)|IfExists$/i.test(operator) &&
      isObject(keys) &&
      Object.keys(keys).some((key) => CONFINING.test(key)),
  );
}
