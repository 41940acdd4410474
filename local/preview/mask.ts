// What may be shown of a resource's inputs: no secret, nothing of this machine.
import { isBlob, isObject, UNKNOWN, type Properties } from "../provider/values";

/** In the place of a secret, whatever its type. The engine itself writes it where it knows of one. */
export const SECRET = "[secret]";
/** In the place of a value that is known only once the resource that it comes from exists. */
export const COMPUTED = "[computed]";

/** How the engine marks a secret that it hands out all the same. */
const SIGNATURE = "4dabf18193072939515e22adb298388d";
const SECRET_MARK = "1b47061264138c4ac30d75fd1eb44270";

/** Inputs as they may be shown. Files are shown by their hash: where they lie says nothing of the resource. */
export function maskInputs(inputs: object | undefined): Record<string, unknown> | undefined {
  if (inputs === undefined || inputs === null) return undefined;
  return Object.fromEntries(
    Object.entries(inputs as Properties)
      // What the provider keeps for itself.
      .filter(([name]) => !name.startsWith("__"))
      .map(([name, value]) => [name, masked(value)]),
  );
}

function masked(value: unknown): unknown {
  if (typeof value === "string") return value.includes(UNKNOWN) ? COMPUTED : value;
  if (Array.isArray(value)) return value.map(masked);
  if (isBlob(value)) return { sha256: value.hash ?? COMPUTED };
  if (!isObject(value)) return value;
  if (value[SIGNATURE] === SECRET_MARK) return SECRET;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, masked(inner)]));
}
