import { randomBytes, timingSafeEqual } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { GetRoleCommand, NoSuchEntityException, type IAMClient } from "@aws-sdk/client-iam";
import { AssumeRoleCommand, type Credentials, type STSClient } from "@aws-sdk/client-sts";
import { messageOf } from "../server/errors";
import type { RestHandler } from "../server/http-server";
import { AwsError } from "../server/json-service";

const PATH = "/_local/ecs/credentials/";
const SERVICE = "ecs-tasks.amazonaws.com";
/** Credentials are replaced when they have less than this left, as the agent on Fargate does. */
const RENEW_MILLISECONDS = 15 * 60_000;

interface Holder {
  roleArn: string;
  token: string;
  credentials?: Credentials;
}

/**
 * Gives tasks their role's credentials as Fargate does: at an address that is told to the containers, to whoever shows
 * the task's token, for as long as the task runs.
 */
export class TaskCredentials implements RestHandler {
  private readonly holders = new Map<string, Holder>();

  /** @param url where this server answers */
  constructor(
    private readonly sts: Pick<STSClient, "send">,
    private readonly iam: Pick<IAMClient, "send">,
    private readonly url: string,
  ) {}

  /** @throws AwsError where there is no such role, or it does not let ECS tasks assume it */
  async check(roleArn: string): Promise<void> {
    const document = await this.trustOf(roleArn);
    if (document !== undefined && trusts(document)) return;
    throw new AwsError(
      "ClientException",
      `ECS was unable to assume the role '${roleArn}' that was provided for this task. ` +
        (document === undefined ? "There is no such role." : `Its trust policy does not let ${SERVICE} assume it.`),
    );
  }

  /** What a task's containers are told. */
  issue(taskId: string, roleArn: string): Record<string, string> {
    const token = randomBytes(32).toString("base64url");
    this.holders.set(taskId, { roleArn, token });
    return {
      AWS_CONTAINER_CREDENTIALS_FULL_URI: `${this.url}${PATH}${taskId}`,
      AWS_CONTAINER_AUTHORIZATION_TOKEN: token,
    };
  }

  /** The task has ended. */
  revoke(taskId: string): void {
    this.holders.delete(taskId);
  }

  matches(_request: IncomingMessage, path: string): boolean {
    return path.startsWith(PATH);
  }

  async handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const taskId = (request.url ?? "").slice(PATH.length).split("?", 1)[0] ?? "";
    const holder = this.holders.get(taskId);
    if (holder === undefined) return answer(response, 404, { code: "NoSuchTask", message: "No such task runs." });
    if (!same(request.headers.authorization ?? "", holder.token)) {
      return answer(response, 401, { code: "AccessDenied", message: "The authorization token is not the task's." });
    }
    try {
      const { AccessKeyId, SecretAccessKey, SessionToken, Expiration } = await this.credentialsOf(taskId, holder);
      answer(response, 200, {
        RoleArn: holder.roleArn,
        AccessKeyId,
        SecretAccessKey,
        Token: SessionToken,
        Expiration: Expiration?.toISOString(),
      });
    } catch (error) {
      answer(response, 500, { code: "InternalServerError", message: messageOf(error) });
    }
  }

  private async credentialsOf(taskId: string, holder: Holder): Promise<Credentials> {
    const left = (holder.credentials?.Expiration?.getTime() ?? 0) - Date.now();
    if (holder.credentials !== undefined && left > RENEW_MILLISECONDS) return holder.credentials;
    const assume = new AssumeRoleCommand({ RoleArn: holder.roleArn, RoleSessionName: taskId });
    const { Credentials: credentials } = await this.sts.send(assume);
    if (credentials === undefined) throw new Error(`STS gave no credentials of ${holder.roleArn}`);
    holder.credentials = credentials;
    return credentials;
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

interface TrustStatement {
  Effect?: string;
  Principal?: { Service?: string | string[] };
}

/** Whether a trust policy lets ECS tasks assume its role; conditions are not looked at. */
function trusts(document: string): boolean {
  const { Statement = [] } = JSON.parse(document) as { Statement?: TrustStatement | TrustStatement[] };
  return [Statement].flat().some(({ Effect, Principal }) => {
    const services = [Principal?.Service ?? []].flat();
    return Effect === "Allow" && services.includes(SERVICE);
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
