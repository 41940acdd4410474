import { AwsError } from "../server/json-service";

/** A request that the service refuses, in the words of `ValidationException`. */
export function invalid(message: string): AwsError {
  return new AwsError("ValidationException", message);
}

/** What most describe and delete operations say of a name they do not know. */
export function couldNotFind(what: string, arnOrName: string): AwsError {
  return invalid(`Could not find ${what} "${arnOrName}".`);
}

/** For the resources whose operations have an exception of their own for this. */
export function notFound(what: string, arnOrName: string): AwsError {
  return new AwsError("ResourceNotFound", `${what} ${arnOrName} does not exist.`);
}

export function inUse(message: string): AwsError {
  return new AwsError("ResourceInUse", message);
}

export function conflict(message: string): AwsError {
  return new AwsError("ConflictException", message);
}
