import { isObject, UNKNOWN, type Properties } from "./values";

/** Settings of `aws` (configuration keys `aws:…`, or the arguments of `aws.Provider`) that the provider acts on. */
export interface Configuration {
  region: string | undefined;
  defaultTags: Record<string, string>;
}

/** Settings about credentials, validation and retries: the SDK takes these from the environment, so they may be there. */
const PASSED_OVER = new Set([
  "accessKey",
  "secretKey",
  "token",
  "profile",
  "maxRetries",
  "retryMode",
  "skipCredentialsValidation",
  "skipMetadataApiCheck",
  "skipRegionValidation",
  "skipRequestingAccountId",
  "sharedConfigFiles",
  "sharedCredentialsFiles",
  "version",
]);

/** Settings that the provider can't honour, by name. */
export function unsupportedSettings(settings: Properties): string[] {
  const known = new Set([...PASSED_OVER, "region", "defaultTags"]);
  return Object.keys(settings).filter(
    (name) => !known.has(name) && settings[name] !== undefined && !name.startsWith("__"),
  );
}

/** @throws when the default tags are malformed */
export function decodeConfiguration(settings: Properties): Configuration {
  const region = settings["region"];
  return {
    region: typeof region === "string" && region !== UNKNOWN ? region : undefined,
    defaultTags: decodeTags(settings["defaultTags"]),
  };
}

/** Nested settings arrive as JSON text. */
function decodeTags(value: unknown): Record<string, string> {
  const setting: unknown = typeof value === "string" && value !== UNKNOWN ? JSON.parse(value) : value;
  const tags = isObject(setting) ? setting["tags"] : undefined;
  if (tags === undefined) return {};
  if (!isObject(tags)) throw new Error(`aws:defaultTags: tags is ${JSON.stringify(tags)}, an object is wanted`);
  return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [key, String(tag)]));
}
