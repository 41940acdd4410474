import { jsonObject, policy } from "./formats";
import type { Refusal } from "./refusal";

// What AWS's models don't say of a request, for services that speak AWS JSON: each is refused by AWS, and admitted by
// the model and by the emulator. The emulator's own checks are not repeated here.

/** Looks at an input that its model admits. Returns what is wrong, in the service's words where they are known. */
type Check = (input: Input) => Refusal | undefined;

interface Input {
  readonly [member: string]: unknown;
}

/** The first rule that a well-formed request breaks. */
export function brokenRules(service: string, operation: string, input: unknown): Refusal | undefined {
  const checks = RULES[`${service}.${operation}`] ?? [];
  for (const check of checks) {
    const broken = check(input as Input);
    if (broken) return broken;
  }
  return undefined;
}

const SQS_LIMITS: Readonly<Record<string, readonly [number, number]>> = {
  DelaySeconds: [0, 900],
  VisibilityTimeout: [0, 43_200],
  WaitTimeSeconds: [0, 20],
};

const SQS_ATTRIBUTES = new Set([
  ...["ContentBasedDeduplication", "DeduplicationScope", "DelaySeconds", "FifoQueue", "FifoThroughputLimit"],
  ...["KmsDataKeyReusePeriodSeconds", "KmsMasterKeyId", "MaximumMessageSize", "MessageRetentionPeriod", "Policy"],
  ...["ReceiveMessageWaitTimeSeconds", "RedriveAllowPolicy", "RedrivePolicy", "SqsManagedSseEnabled"],
  "VisibilityTimeout",
]);

const withinLimits: Check = (input) => {
  for (const [name, [min, max]] of Object.entries(SQS_LIMITS)) {
    const value = input[name];
    if (typeof value !== "number" || (value >= min && value <= max)) continue;
    const reason = `Reason: Must be between ${min} and ${max}, if provided.`;
    return { code: "InvalidParameterValue", message: `Value ${value} for parameter ${name} is invalid. ${reason}` };
  }
  return undefined;
};

const knownDataTypes: Check = (input) => {
  for (const [name, attribute] of Object.entries((input["MessageAttributes"] ?? {}) as Record<string, Input>)) {
    const type = String(attribute["DataType"]);
    if (/^(String|Number|Binary)(\..+)?$/.test(type)) continue;
    const message =
      `The type of message (user) attribute '${name}' is invalid. ` +
      "You must use only the following supported type prefixes: Binary, Number, String.";
    return { code: "InvalidParameterValue", message };
  }
  return undefined;
};

const queueAttributes: Check = (input) => {
  const attributes = (input["Attributes"] ?? {}) as Record<string, string>;
  const unknown = Object.keys(attributes).find((name) => !SQS_ATTRIBUTES.has(name));
  if (unknown !== undefined) return { code: "InvalidAttributeName", message: `Unknown Attribute ${unknown}.` };
  const document = attributes["Policy"];
  const problem = document ? policy(document, "resource") : undefined;
  return problem
    ? { code: "InvalidAttributeValue", message: `Invalid value for the parameter Policy: the document ${problem}.` }
    : undefined;
};

/** The same rules for every entry of a batch. */
function ofEntries(...checks: Check[]): Check {
  return (input) => {
    for (const entry of (input["Entries"] ?? []) as Input[]) {
      const broken = checks.map((check) => check(entry)).find((found) => found !== undefined);
      if (broken) return broken;
    }
    return undefined;
  };
}

/** A text member that must match a pattern as a whole. */
function matches(member: string, pattern: RegExp, code: string, message: (value: string) => string): Check {
  return (input) => {
    const value = input[member];
    return typeof value === "string" && !pattern.test(value) ? { code, message: message(value) } : undefined;
  };
}

/** A text member that must hold a JSON document. */
function isJson(member: string, code: string): Check {
  return (input) => {
    const value = input[member];
    const problem = typeof value === "string" ? jsonObject(value) : undefined;
    return problem ? { code, message: `${member} ${problem}.` } : undefined;
  };
}

const inOrder: Check = (input) => {
  const times = ((input["logEvents"] ?? []) as Input[]).map((event) => Number(event["timestamp"]));
  const sorted = times.every((time, index) => index === 0 || time >= (times[index - 1] ?? time));
  if (sorted) return undefined;
  const message = "Log events in a single PutLogEvents request must be in chronological order.";
  return { code: "InvalidParameterException", message };
};

/** The longest value of a parameter in the standard tier, in characters. */
const MAX_STANDARD_PARAMETER = 4096;

const standardTier: Check = (input) => {
  const { Value: value, Tier: tier } = input;
  if (typeof value !== "string" || value.length <= MAX_STANDARD_PARAMETER) return undefined;
  if (tier === "Advanced" || tier === "Intelligent-Tiering") return undefined;
  const message =
    `Standard tier parameters support a maximum parameter value of ${MAX_STANDARD_PARAMETER} characters, ` +
    `and this one has ${value.length}. Use the advanced tier for a larger value.`;
  return { code: "ValidationException", message };
};

const oneSecretValue: Check = (input) =>
  input["SecretString"] !== undefined && input["SecretBinary"] !== undefined
    ? { code: "InvalidParameterException", message: "You can't specify both a binary secret value and a string." }
    : undefined;

const triggered: Check = (input) =>
  input["ScheduleExpression"] === undefined && input["EventPattern"] === undefined
    ? { code: "ValidationException", message: "Parameter(s) EventPattern or ScheduleExpression must be specified." }
    : undefined;

const queueName = matches(
  "QueueName",
  /^[\w-]{1,80}$|^[\w-]{1,75}\.fifo$/,
  "InvalidParameterValue",
  () => "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length",
);
const secretName = matches(
  "Name",
  /^[\w/+=.@!-]+$/,
  "ValidationException",
  (name) =>
    `Invalid name ${name}. Must be a valid name containing alphanumeric characters, or any of the following: -/_+=.@!`,
);
const parameterName = matches(
  "Name",
  /^[\w./:-]+$/,
  "ValidationException",
  (name) => `Parameter name ${name}: only a mix of letters, numbers and the following 4 symbols .-_/ is allowed.`,
);
const stateMachineName = matches(
  "name",
  /^[^\s<>{}[\]?*"#%\\^|~`$&,;:/\p{C}]+$/u,
  "InvalidName",
  (name) => `Invalid Name: '${name}' holds white space, brackets, wildcards or other special characters.`,
);

const RULES: Readonly<Record<string, readonly Check[]>> = {
  "events.PutRule": [triggered],
  "kms.CreateKey": [isJson("Policy", "MalformedPolicyDocumentException")],
  "kms.PutKeyPolicy": [isJson("Policy", "MalformedPolicyDocumentException")],
  "logs.PutLogEvents": [inOrder],
  "secretsmanager.CreateSecret": [secretName, oneSecretValue],
  "secretsmanager.PutSecretValue": [oneSecretValue],
  "sqs.ChangeMessageVisibility": [withinLimits],
  "sqs.ChangeMessageVisibilityBatch": [ofEntries(withinLimits)],
  "sqs.CreateQueue": [queueName, queueAttributes],
  "sqs.ReceiveMessage": [withinLimits],
  "sqs.SendMessage": [withinLimits, knownDataTypes],
  "sqs.SendMessageBatch": [ofEntries(withinLimits, knownDataTypes)],
  "sqs.SetQueueAttributes": [queueAttributes],
  "ssm.PutParameter": [parameterName, standardTier],
  "stepfunctions.CreateStateMachine": [stateMachineName, isJson("definition", "InvalidDefinition")],
  "stepfunctions.UpdateStateMachine": [isJson("definition", "InvalidDefinition")],
};
