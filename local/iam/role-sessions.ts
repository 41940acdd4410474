import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { GetRoleCommand, IAMClient, NoSuchEntityException } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, STSClient, type Credentials } from "@aws-sdk/client-sts";
import { messageOf } from "../server/errors";
import type { RestHandler } from "../server/http-server";
import { AwsError } from "../server/json-service";
import { ROOT_CREDENTIALS } from "../server/service-caller";

const PATH = "/_local/credentials/";
/** Credentials are replaced when they have less than this left, as the agent on Fargate does. */
const RENEW_MILLISECONDS = 15 * 60_000;
/** STS's names of sessions: what may stand in them, and how long they may be. */
const NOT_IN_SESSIONS = /[^\w+=,.@-]/g;
const MAX_SESSION = 64;

interface Holder {
  roleArn: string;
  session: string;
  token: string;
}

/** Credentials as the AWS SDK takes them. */
export interface SessionCredentials {
  accessKeyId: string;
  secretAccessKey: string;
  sessionToken?: string;
  expiration?: Date;
}

/**
 * Credentials of roles: for the services, which act in their names, and for containers, as Fargate and SageMaker give
 * them: at an address that the container is told, to whoever shows its token, for as long as it runs.
 */
export class RoleSessions implements RestHandler {
  private readonly sts: STSClient;
  private readonly iam: IAMClient;
  private readonly holders = new Map<string, Holder>();
  private readonly sessions = new Map<string, Promise<SessionCredentials>>();

  /**
   * @param upstream the emulator
   * @param url where this server answers
   */
  constructor(
    upstream: string,
    region: string,
    private readonly url: string,
  ) {
    const options = { endpoint: upstream, region, credentials: ROOT_CREDENTIALS };
    this.sts = new STSClient(options);
    this.iam = new IAMClient(options);
  }

  /** Whether a role is here and lets a service assume it: `no-role`, `no-trust`, or nothing in the way. */
  async obstacle(roleArn: string, service: string): Promise<"no-role" | "no-trust" | undefined> {
    const document = await this.trustOf(roleArn);
    if (document === undefined) return "no-role";
    return trusts(document, service) ? undefined : "no-trust";
  }

  /**
   * Credentials of a role that is here; those of the account's own user where it is not: the local services take any
   * ARN for a role.
   *
   * @param policy of the session, JSON: what the credentials are good for is what the role and this allow
   */
  async credentials(roleArn: string, session: string, policy?: string): Promise<SessionCredentials> {
    const key = `${roleArn} ${session} ${policy ?? ""}`;
    const known = await this.sessions.get(key);
    if (known && (known.expiration?.getTime() ?? Infinity) - Date.now() > RENEW_MILLISECONDS) return known;
    const assumed = this.assume(roleArn, session, policy);
    this.sessions.set(key, assumed);
    assumed.catch(() => this.sessions.delete(key));
    return assumed;
  }

  /** What a container's environment is told; {@link revoke} with the same id when it has ended. */
  issue(id: string, roleArn: string, session: string): Record<string, string> {
    const token = randomBytes(32).toString("base64url");
    this.holders.set(id, { roleArn, session, token });
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${this.url}${PATH}${id}`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    };
  }

  /** The container has ended. */
  revoke(id: string): void {
    this.holders.delete(id);
  }

  matches(_request: IncomingMessage, path: string): boolean {
    return path.startsWith(PATH);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const id = (request.url ?? "").slice(PATH.length).split("?", 1)[0] ?? "";
    const holder = this.holders.get(id);
    if (holder === undefined) return answer(response, 404, { code: "NoSuchTask", message: "No such task runs." });
    if (!same(request.headers.authorization ?? "", holder.token)) {
      return answer(response, 401, { code: "AccessDenied", message: "The authorization token is not the task's." });
    }
    try {
      const credentials = await this.credentials(holder.roleArn, holder.session);
      const { accessKeyId, secretAccessKey, sessionToken = "" } = credentials;
      answer(response, 200, {
        RoleArn: holder.roleArn,
        AccessKeyId: accessKeyId,
        SecretAccessKey: secretAccessKey,
        Token: sessionToken,
        Expiration: (credentials.expiration ?? new Date(Date.now() + 4 * RENEW_MILLISECONDS)).toISOString(),
      });
    } catch (error) {
      answer(response, 500, { code: "InternalServerError", message: messageOf(error) });
    }
  }

  close(): void {
    this.sts.destroy();
    this.iam.destroy();
  }

  private async assume(roleArn: string, session: string, policy?: string): Promise<SessionCredentials> {
    if ((await this.trustOf(roleArn)) === undefined) return ROOT_CREDENTIALS;
    const RoleSessionName = session.replaceAll(NOT_IN_SESSIONS, "-").slice(0, MAX_SESSION);
    const { Credentials: given } = await this.sts.send(
      new AssumeRoleCommand({ RoleArn: roleArn, RoleSessionName, ...(policy === undefined ? {} : { Policy: policy }) }),
    );
    if (given === undefined) throw new AwsError("InternalFailure", `STS gave no credentials of ${roleArn}`, 500);
    return sessionOf(given);
  }

  private async trustOf(roleArn: string): Promise<string | undefined> {
    try {
      const found = await this.iam.send(new GetRoleCommand({ RoleName: roleArn.split("/").pop() }));
      return found.Role?.Arn === roleArn ? decodeURIComponent(found.Role.AssumeRolePolicyDocument ?? "") : undefined;
    } catch (error) {
      if (error instanceof NoSuchEntityException) return undefined;
      throw error;
    }
  }
}

function sessionOf({ AccessKeyId, SecretAccessKey, SessionToken, Expiration }: Credentials): SessionCredentials {
  return {
    accessKeyId: AccessKeyId ?? "",
    secretAccessKey: SecretAccessKey ?? "",
    ...(SessionToken === undefined ? {} : { sessionToken: SessionToken }),
    ...(Expiration === undefined ? {} : { expiration: Expiration }),
  };
}

interface TrustStatement {
  Effect?: string;
  Principal?: { Service?: string | string[] };
}

/** Whether a trust policy lets a service assume its role; conditions are not looked at. */
function trusts(document: string, service: string): boolean {
  const { Statement = [] } = JSON.parse(document) as { Statement?: TrustStatement | TrustStatement[] };
  return [Statement].flat().some(({ Effect, Principal }) => {
    const services = [Principal?.Service ?? []].flat();
    return Effect === "Allow" && services.includes(service);
  });
}

function same(one: string, other: string): boolean {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
}

function answer(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}
