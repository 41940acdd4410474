import { isObject, UNKNOWN, type Properties } from "./values";

/** Settings of `aws` (configuration keys `aws:…`, or the arguments of `aws.Provider`) that the provider acts on. */
export interface Configuration {
  region: string | undefined;
  defaultTags: Record<string, string>;
  /** The accounts that a stack may be deployed to; undefined: any. */
  allowedAccountIds: string[] | undefined;
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
  const known = new Set([...PASSED_OVER, "region", "defaultTags", "allowedAccountIds"]);
  return Object.keys(settings).filter(
    (name) => !known.has(name) && settings[name] !== undefined && !name.startsWith("__"),
  );
}

/** @throws when the default tags or the allowed accounts are malformed */
export function decodeConfiguration(settings: Properties): Configuration {
  const region = settings["region"];
  return {
    region: typeof region === "string" && region !== UNKNOWN ? region : undefined,
    defaultTags: decodeTags(settings["defaultTags"]),
    allowedAccountIds: decodeAccounts(settings["allowedAccountIds"]),
  };
}

/** Why the account is none that the stack may be deployed to, or undefined where it is. */
export function accountRefusal({ allowedAccountIds }: Configuration, account: string): string | undefined {
  if (allowedAccountIds === undefined || allowedAccountIds.includes(account)) return undefined;
  return `account ${account} is not one of aws:allowedAccountIds (${allowedAccountIds.join(", ")})`;
}

function decodeAccounts(value: unknown): string[] | undefined {
  const setting = decodeNested(value);
  if (setting === undefined) return undefined;
  if (!Array.isArray(setting) || !setting.every((id) => /^\d{12}$/.test(String(id)))) {
    throw new Error(`aws:allowedAccountIds is ${JSON.stringify(setting)}, a list of 12 digits in quotes is wanted`);
  }
  return setting.map(String);
}

/** Nested settings arrive as JSON text. */
function decodeNested(value: unknown): unknown {
  return typeof value === "string" && value !== UNKNOWN ? JSON.parse(value) : value;
}

function decodeTags(value: unknown): Record<string, string> {
  const setting = decodeNested(value);
  const tags = isObject(setting) ? setting["tags"] : undefined;
  if (tags === undefined) return {};
  if (!isObject(tags)) throw new Error(`aws:defaultTags: tags is ${JSON.stringify(tags)}, an object is wanted`);
  return Object.fromEntries(Object.entries(tags).map(([key, tag]) => [key, String(tag)]));
}
