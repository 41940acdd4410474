import { isIP } from "node:net";
import { parsedJson } from "./json";

/** Rules of AWS that its published models don't carry. Each returns what is wrong, or undefined. */

type Problem = string | undefined;

const BUCKET = /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/;

/** Names of general-purpose buckets. */
export function bucketName(name: string): Problem {
  if (!BUCKET.test(name)) {
    return `"${name}" is not a bucket name: 3 to 63 lower-case letters, digits, dots and hyphens, beginning and ending with a letter or digit`;
  }
  if (/\.\./.test(name) || /^\d+\.\d+\.\d+\.\d+$/.test(name))
    return `"${name}" has two dots in a row or is an IP address`;
  if (/^(xn--|sthree-|amzn-s3-demo-)|(-s3alias|--ol-s3|\.mrap|--x-s3)$/.test(name))
    return `"${name}" begins or ends with what AWS keeps for itself`;
  return undefined;
}

/** JSON text of an object. */
export function jsonObject(text: string): Problem {
  const value = parsedJson(text);
  return typeof value === "object" && value !== null ? undefined : "is not a JSON document";
}

/** What a policy document is for, which decides what its statements must say. */
export type PolicyKind = "identity" | "trust" | "resource";

/** The grammar of a policy document, as far as it can be told without the services. */
export function policy(text: string, kind: PolicyKind): Problem {
  const document = parsedJson(text);
  if (typeof document !== "object" || document === null || Array.isArray(document)) return "is not a JSON document";
  const { Statement: statement } = document as { Statement?: unknown };
  const statements: unknown[] = Array.isArray(statement) ? statement : [statement];
  if (statement === undefined || statements.length === 0) return "has no statement";
  const problems = statements.flatMap((one, index) =>
    statementProblems(one, kind).map((why) => `Statement[${index}] ${why}`),
  );
  return problems.length > 0 ? problems.join("; ") : undefined;
}

function statementProblems(statement: unknown, kind: PolicyKind): string[] {
  if (typeof statement !== "object" || statement === null) return ["is not an object"];
  const has = (...keys: string[]) => keys.some((key) => key in statement);
  const { Effect: effect } = statement as { Effect?: unknown };
  const problems: string[] = [];
  if (effect !== "Allow" && effect !== "Deny")
    problems.push(`has Effect ${JSON.stringify(effect)}, not "Allow" or "Deny"`);
  if (!has("Action", "NotAction")) problems.push("has no Action");
  if (kind === "identity" && !has("Resource", "NotResource")) problems.push("has no Resource");
  if (kind === "trust" && has("Resource", "NotResource"))
    problems.push("has a Resource, which a trust policy can't have");
  if (kind === "identity" && has("Principal", "NotPrincipal"))
    problems.push("has a Principal, which an identity's policy can't have");
  if (kind !== "identity" && !has("Principal", "NotPrincipal")) problems.push("has no Principal");
  const { Condition: condition } = statement as { Condition?: Record<string, Record<string, unknown>> };
  for (const [operator, keys] of Object.entries(condition ?? {})) {
    if (!/(^|:)(Not)?IpAddress(IfExists)?$/.test(operator)) continue;
    problems.push(
      ...Object.values(keys)
        .flat()
        .filter(isNoAddress)
        .map((value) => `has "${String(value)}", which is not an address or a CIDR block`),
    );
  }
  return problems;
}

/** Blocks of IPv4 addresses whose prefix has from `min` to `max` bits: those of a VPC or a subnet 16 to 28. */
export function ipv4Block(min = 0, max = 32): (text: string) => Problem {
  return (text) => {
    const [address = "", bits = "", ...more] = text.split("/");
    const isBlock = isIP(address) === 4 && /^\d{1,2}$/.test(bits) && more.length === 0;
    return isBlock && Number(bits) >= min && Number(bits) <= max
      ? undefined
      : `"${text}" is not a CIDR block of IPv4 addresses from /${min} to /${max}`;
  };
}

function isNoAddress(value: unknown): boolean {
  const [address = "", bits, ...more] = String(value).split("/");
  const version = isIP(address);
  if (version === 0 || more.length > 0) return true;
  return bits !== undefined && !(/^\d+$/.test(bits) && Number(bits) <= (version === 4 ? 32 : 128));
}

/** The name of something anywhere in AWS. Wildcards may stand for any part but the first. */
export function arn(text: string): Problem {
  return /^arn:[\w-]+:[\w*-]+:[\w*-]*:[\w*-]*:.+/.test(text) ? undefined : `"${text}" is not an ARN`;
}

/** A name of letters, digits and a few signs. */
export function named(name: string, pattern: RegExp, signs: string): Problem {
  return pattern.test(name) ? undefined : `"${name}" has other characters than letters, digits${signs}`;
}

const MONTHS = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

interface Field {
  name: string;
  min: number;
  max: number;
  names?: string[];
  special?: RegExp;
}

const CRON_FIELDS: Field[] = [
  { name: "minutes", min: 0, max: 59 },
  { name: "hours", min: 0, max: 23 },
  { name: "day of month", min: 1, max: 31, special: /^(\?|L(-\d+)?|LW|\d{1,2}W)$/ },
  { name: "month", min: 1, max: 12, names: MONTHS },
  { name: "day of week", min: 1, max: 7, names: DAYS, special: /^(\?|[1-7]?L|([1-7]|[A-Z]{3})(#[1-5]|L))$/ },
  { name: "year", min: 1970, max: 2199 },
];

/** `rate(…)` or six-field `cron(…)`, as EventBridge rules take them. */
export function scheduleExpression(expression: string): Problem {
  const rate = /^rate\((\d+) (minute|hour|day)(s?)\)$/.exec(expression);
  if (rate) {
    const [, count, unit, plural] = rate;
    if (Number(count) < 1) return `"${expression}" is not a rate: the number is at least 1`;
    return (count === "1") === (plural === "") ? undefined : `"${expression}" is not a rate: 1 ${unit}, 2 ${unit}s`;
  }
  const cron = /^cron\((.*)\)$/.exec(expression);
  return cron ? cronProblem(expression, cron[1] ?? "") : `"${expression}" is neither rate(…) nor cron(…)`;
}

/** What EventBridge Scheduler takes: also `at(…)`. */
export function schedulerExpression(expression: string): Problem {
  const at = /^at\((.*)\)$/.exec(expression);
  if (!at) return scheduleExpression(expression);
  const when = at[1] ?? "";
  const valid = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d$/.test(when) && !Number.isNaN(Date.parse(`${when}Z`));
  return valid ? undefined : `"${expression}" is not at(yyyy-mm-ddThh:mm:ss)`;
}

function cronProblem(expression: string, body: string): Problem {
  const fields = body.split(" ");
  if (fields.length !== CRON_FIELDS.length) {
    return `"${expression}" has ${fields.length} fields: six are wanted (minutes hours day-of-month month day-of-week year)`;
  }
  const wrong = CRON_FIELDS.find((field, index) => !fitsField(fields[index] ?? "", field));
  if (wrong) return `"${expression}": ${wrong.name} "${fields[CRON_FIELDS.indexOf(wrong)]}" is not allowed`;
  const unset = [fields[2], fields[4]].filter((field) => field === "?").length;
  return unset === 1 ? undefined : `"${expression}": exactly one of day of month and day of week is "?"`;
}

function fitsField(text: string, field: Field): boolean {
  if (field.special?.test(text)) return true;
  return text.split(",").every((part) => fitsPart(part, field));
}

function fitsPart(part: string, field: Field): boolean {
  const match = /^(\*|[\dA-Z]+)(?:-([\dA-Z]+))?(?:\/(\d+))?$/.exec(part);
  if (!match) return false;
  const [, from, to, step] = match;
  if (step !== undefined && Number(step) < 1) return false;
  if (from === "*") return to === undefined;
  return [from, to].every((value) => value === undefined || fitsValue(value, field));
}

function fitsValue(text: string, { min, max, names }: Field): boolean {
  if (names?.includes(text)) return true;
  return /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max;
}

const RESERVED = new Set([
  "_HANDLER",
  "_X_AMZN_TRACE_ID",
  "AWS_DEFAULT_REGION",
  "AWS_REGION",
  "AWS_EXECUTION_ENV",
  "AWS_LAMBDA_FUNCTION_NAME",
  "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
  "AWS_LAMBDA_FUNCTION_VERSION",
  "AWS_LAMBDA_INITIALIZATION_TYPE",
  "AWS_LAMBDA_LOG_GROUP_NAME",
  "AWS_LAMBDA_LOG_STREAM_NAME",
  "AWS_LAMBDA_RUNTIME_API",
  "AWS_ACCESS_KEY",
  "AWS_ACCESS_KEY_ID",
  "AWS_SECRET_ACCESS_KEY",
  "AWS_SESSION_TOKEN",
  "LAMBDA_TASK_ROOT",
  "LAMBDA_RUNTIME_DIR",
]);

/** Bytes that all of a function's environment variables may have together. */
const MAX_ENVIRONMENT_BYTES = 4096;

/** Environment variables of a Lambda function. */
export function functionEnvironment(variables: Record<string, string> = {}): Problem {
  const names = Object.keys(variables);
  const reserved = names.filter((name) => RESERVED.has(name)).map((name) => `${name} is reserved by Lambda`);
  const malformed = names
    .filter((name) => !/^[A-Za-z]\w+$/.test(name) && !RESERVED.has(name))
    .map((name) => `${name} is not a name: letters, digits and _, beginning with a letter, at least two characters`);
  const bytes = Buffer.byteLength(JSON.stringify(variables));
  const large =
    bytes > MAX_ENVIRONMENT_BYTES ? [`the variables take ${bytes} bytes, more than ${MAX_ENVIRONMENT_BYTES}`] : [];
  const problems = [...reserved, ...malformed, ...large];
  return problems.length > 0 ? problems.join("; ") : undefined;
}

/** A whole number within limits. */
export function between(value: number, min: number, max: number): Problem {
  return value >= min && value <= max ? undefined : `is ${value}, not between ${min} and ${max}`;
}

/** One of the service's values. */
export function oneOf<T>(value: T, allowed: readonly T[]): Problem {
  return allowed.includes(value) ? undefined : `is ${String(value)}, not one of ${allowed.join(", ")}`;
}
