import { loadModel, operationOf } from "./model";
import { validationMessage, type Violation } from "./validate";

/** An error as a service answers it to a request that breaks its model. */
export interface Refusal {
  /** AWS's exception name. */
  code: string;
  message: string;
}

/** What services call a value that their model does not admit, where they declare one of these for the operation. */
const DECLARED = [
  "InvalidParameterException",
  "InvalidInputException",
  "InvalidRequestException",
  "InvalidParameterValueException",
];

/** Services that declare one of {@link DECLARED} for other things, and answer with the exception common to all. */
const COMMON_ALONE = new Set(["secretsmanager", "events", "scheduler"]);

/**
 * The error of a request that breaks AWS's model, in the service's own manner: what can't be read is a
 * SerializationException, and is told alone; of the rest all is told at once.
 *
 * @param violations at least one
 */
export function refusal(service: string, operation: string, violations: readonly Violation[]): Refusal {
  const unreadable = violations.filter(({ rule }) => rule === "type");
  if (unreadable.length > 0) {
    const message = unreadable.map(({ path, reason }) => (path ? `${path}: ${reason}` : reason)).join("; ");
    return { code: "SerializationException", message };
  }
  return { code: codeOf(service, operation, violations), message: validationMessage([...violations]) };
}

function codeOf(service: string, operation: string, violations: readonly Violation[]): string {
  if (service === "sqs") {
    return violations.some(({ rule }) => rule === "required") ? "MissingParameter" : "InvalidParameterValue";
  }
  const { errors } = operationOf(loadModel(service), operation);
  if (errors.includes("MissingRequiredParameterException") && violations.some(({ rule }) => rule === "required")) {
    return "MissingRequiredParameterException";
  }
  const declared = COMMON_ALONE.has(service) ? undefined : DECLARED.find((code) => errors.includes(code));
  return declared ?? "ValidationException";
}
