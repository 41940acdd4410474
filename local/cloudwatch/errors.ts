import { AwsError } from "../server/json-service";

// CloudWatch's errors, by the names of their shapes.

export function invalidValue(message: string): AwsError {
  return new AwsError("InvalidParameterValueException", message);
}

export function invalidCombination(message: string): AwsError {
  return new AwsError("InvalidParameterCombinationException", message);
}

/** What PutMetricAlarm and its like call a value that they do not take. */
export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

export function notFound(message: string): AwsError {
  return new AwsError("ResourceNotFound", message, 404);
}
