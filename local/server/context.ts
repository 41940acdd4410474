import { join } from "node:path";
import { Access } from "../iam/access";
import { RoleSessions } from "../iam/role-sessions";
import { ProcessTable } from "./processes";
import { ROOT_CREDENTIALS } from "./service-caller";
import type { ServerSettings } from "./settings";

/** What the services of the local server share. */
export interface ServerContext {
  readonly settings: ServerSettings;
  /** Where this server answers, for all of AWS. */
  readonly url: string;
  readonly processes: ProcessTable;
  /** Who may do what. */
  readonly access: Access;
  /** Credentials of roles. */
  readonly roles: RoleSessions;
  /** A service's own folder under the state directory. */
  directory(service: string): string;
  /**
   * How a process finds the cloud: endpoints, region, and the mark by which whoever ends the cloud finds the process. No
   * credentials, and nothing of this process's own environment.
   */
  cloudEnvironment(): Record<string, string>;
  /**
   * The environment that every job and model server starts from: PATH with the project's Python first, region,
   * endpoints and throwaway credentials. Nothing else of this process's environment gets through.
   */
  childEnvironment(): Record<string, string>;
}

/** @param ownUrl where this server answers, for all of AWS */
export function serverContext(settings: ServerSettings, ownUrl: string): ServerContext {
  const cloudEnvironment = () => ({
    AWS_ENDPOINT_URL: ownUrl,
    ...settings.endpoints,
    AWS_REGION: settings.region,
    AWS_DEFAULT_REGION: settings.region,
    AWS_EC2_METADATA_DISABLED: "true",
    // What this process is marked with marks its children: whoever ends a cloud finds all of it.
    ...(process.env["LOCAL_CLOUD_ID"] ? { LOCAL_CLOUD_ID: process.env["LOCAL_CLOUD_ID"] } : {}),
  });
  return {
    settings,
    url: ownUrl,
    processes: new ProcessTable(settings.stateDirectory),
    access: new Access(settings.enforceIam ? settings.upstream : undefined, rootKeys()),
    roles: new RoleSessions(settings.upstream, settings.region, ownUrl),
    directory: (service) => join(settings.stateDirectory, service),
    cloudEnvironment,
    childEnvironment: () => ({
      PATH: [join(settings.python, ".."), process.env["PATH"] ?? ""].join(":"),
      HOME: settings.stateDirectory,
      LANG: "C.UTF-8",
      PYTHONUNBUFFERED: "1",
      ...cloudEnvironment(),
      AWS_ACCOUNT_ID: settings.accountId,
      AWS_ACCESS_KEY_ID: process.env["AWS_ACCESS_KEY_ID"] ?? "local",
      AWS_SECRET_ACCESS_KEY: process.env["AWS_SECRET_ACCESS_KEY"] ?? "local",
    }),
  };
}

/** Access keys of the account's own user; `test` is the emulator's, whatever it is told. */
function rootKeys(): string[] {
  const own = process.env["AWS_ACCESS_KEY_ID"];
  return [ROOT_CREDENTIALS.accessKeyId, "test", ...(own ? [own] : [])];
}
