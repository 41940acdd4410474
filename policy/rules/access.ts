import type { ResourceRule, StackRule } from "../rule";
import { about, at } from "../rule";
import { isConfined, statementsOf } from "./documents";

const PUBLIC_ACCESS = ["blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets"];

/** Types with a document that says who may use the resource, and the input that holds it. */
const RESOURCE_POLICIES: Record<string, string> = {
  "aws:ecr/repositoryPolicy:RepositoryPolicy": "policy",
  "aws:kms/key:Key": "policy",
  "aws:s3/bucketPolicy:BucketPolicy": "policy",
  "aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy": "resourcePolicy",
  "aws:sns/topicPolicy:TopicPolicy": "policy",
  "aws:sqs/queuePolicy:QueuePolicy": "policy",
  "aws:apigateway/restApi:RestApi": "policy",
  "aws:secretsmanager/secretPolicy:SecretPolicy": "policy",
};

export const noPublicBuckets: StackRule = {
  name: "no-public-buckets",
  description: "Every bucket blocks public access in all four ways.",
  level: "mandatory",
  checkStack(resources) {
    const blocked = new Set(
      resources
        .filter(({ type }) => type === "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
        .filter(({ props }) => PUBLIC_ACCESS.every((setting) => props[setting] === true))
        .map(({ props }) => props["bucket"]),
    );
    return resources
      .filter(({ type, props }) => type === "aws:s3/bucket:Bucket" && !blocked.has(props["bucket"]))
      .map(({ urn }) => ({
        urn,
        problem: `the bucket has no BucketPublicAccessBlock with ${PUBLIC_ACCESS.join(", ")} all true: add one`,
      }));
  },
};

/** Who is let in from outside is named, or held to an account by a condition. */
export const noPublicPrincipals: ResourceRule = {
  name: "no-public-principals",
  description: "No resource's policy lets everybody in, nor a service on behalf of every account.",
  level: "mandatory",
  check({ type, props }) {
    const input = RESOURCE_POLICIES[type];
    if (input === undefined) return [];
    return statementsOf(props[input]).flatMap((statement, index) => {
      if (statement.effect !== "Allow" || isConfined(statement)) return [];
      const open = statement.principals.filter((who) => /^\w+:\*$/.test(who) || who.startsWith("Service:"));
      return open.map(
        (who) =>
          `statement ${index + 1} lets ${who} in from any account: add a condition on aws:SourceAccount or aws:SourceArn`,
      );
    });
  },
};

/** A function that a service may invoke names on behalf of what. */
export const confinedInvocations = about(
  "aws:lambda/permission:Permission",
  {
    name: "confined-invocations",
    description: "A service may invoke a function only for a named source.",
    level: "mandatory",
  },
  (props) => {
    if (props["principal"] === "*") return ["principal is *: name the service or the account"];
    const isService = String(props["principal"]).endsWith(".amazonaws.com");
    const confined = props["sourceArn"] !== undefined || props["sourceAccount"] !== undefined;
    return isService && !confined ? ["any account's resources may invoke the function: give sourceArn"] : [];
  },
);

export const noOpenPorts: ResourceRule = {
  name: "no-open-ports",
  description: "No security group lets the whole internet in.",
  level: "mandatory",
  check({ type, props }) {
    const rules =
      type === "aws:ec2/securityGroup:SecurityGroup"
        ? props["ingress"]
        : type === "aws:ec2/securityGroupRule:SecurityGroupRule" && props["type"] === "ingress"
          ? [props]
          : type === "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
            ? [{ cidrBlocks: [props["cidrIpv4"], props["cidrIpv6"]] }]
            : [];
    if (!Array.isArray(rules)) return [];
    const blocks = rules.flatMap((rule: unknown) => [at(rule, "cidrBlocks"), at(rule, "ipv6CidrBlocks")]).flat();
    return blocks
      .filter((block) => block === "0.0.0.0/0" || block === "::/0")
      .map((block) => `ingress from ${String(block)}: name the blocks or the security groups that need it`);
  },
};

/** What an API answers with a model asks for a key or for a signature. */
export const authorizedMethods = about(
  "aws:apigateway/method:Method",
  {
    name: "authorized-methods",
    description: "Methods that take something in ask for a key or a signature.",
    level: "mandatory",
  },
  (props) => {
    const open = props["authorization"] === "NONE" && props["apiKeyRequired"] !== true;
    if (!open || ["GET", "HEAD", "OPTIONS"].includes(String(props["httpMethod"]))) return [];
    return [`anybody may ${String(props["httpMethod"])}: set apiKeyRequired, or an authorization`];
  },
);
