// A promotion whose source is another account's stack: with the policies that the components of either stack write, and
// without each of their statements.
import { CreateRepositoryCommand, ECRClient, SetRepositoryPolicyCommand } from "@aws-sdk/client-ecr";
import { CreateRoleCommand, IAMClient, PutRolePolicyCommand } from "@aws-sdk/client-iam";
import { CreateKeyCommand, KMSClient, PutKeyPolicyCommand } from "@aws-sdk/client-kms";
import {
  CreateBucketCommand,
  GetObjectCommand,
  PutBucketEncryptionCommand,
  PutBucketPolicyCommand,
  S3Client,
} from "@aws-sdk/client-s3";
import {
  CreateModelPackageCommand,
  CreateModelPackageGroupCommand,
  PutModelPackageGroupPolicyCommand,
  SageMakerClient,
} from "@aws-sdk/client-sagemaker";
import { AssumeRoleCommand, STSClient } from "@aws-sdk/client-sts";
import { expect } from "chai";
import { LauncherImage } from "../../../components/launcher-image";
import { ModelPromotion } from "../../../components/model-promotion";
import { ModelRegistry } from "../../../components/model-registry";
import { Storage } from "../../../components/storage";
import { promote } from "../../../functions/promote-model/promote";
import { endpointOn, foundations } from "../../components/support/foundations";
import {
  everythingRegistered,
  inputsOf,
  list,
  ofType,
  startRecording,
  statementsOf,
  type PolicyStatement,
} from "../../components/support/mocks";
import { TestStack } from "../support/test-stack";

const LENDER_ACCOUNT = "123456789012";
const BORROWER_ACCOUNT = "210987654321";
const LENDER = "lender";
/** As the components' mocks name the borrowing stack's own bucket and prefix. */
const BORROWER = { bucket: "storage-bucket", prefix: "fraud", role: "promotion" };
const borrowersOwner = { credentials: { accessKeyId: BORROWER_ACCOUNT, secretAccessKey: "any" } };

/** Whose policy a statement stands in. */
type Holder = "bucket" | "key" | "group" | "role";
type Policies = Record<Holder | "repository", PolicyStatement[]>;

export function promotionsAcrossAccounts(): void {
  let lender: TestStack;
  let keyArn: string;
  let all: Policies;
  let attempts = 0;

  before(async () => {
    lender = await TestStack.make(LENDER);
    const { KeyMetadata } = await new KMSClient().send(new CreateKeyCommand({}));
    keyArn = KeyMetadata?.Arn ?? "";
    all = await writtenByComponents(lender, keyArn);
    const ServerSideEncryptionConfiguration = {
      Rules: [{ ApplyServerSideEncryptionByDefault: { SSEAlgorithm: "aws:kms" as const, KMSMasterKeyID: keyArn } }],
    };
    await lender.clients.s3.send(
      new PutBucketEncryptionCommand({ Bucket: lender.bucket, ServerSideEncryptionConfiguration }),
    );
    await lender.register("run-1", { golden: { rows: "0.5", scores: [0.1] } });
    await new S3Client(borrowersOwner).send(new CreateBucketCommand({ Bucket: BORROWER.bucket }));
    const trust = { Effect: "Allow", Principal: { AWS: BORROWER_ACCOUNT }, Action: "sts:AssumeRole" };
    const AssumeRolePolicyDocument = documentOf([trust]);
    const owner = new IAMClient(borrowersOwner);
    await owner.send(new CreateRoleCommand({ RoleName: BORROWER.role, AssumeRolePolicyDocument }));
  });

  /** Puts the policies into force, of either account. */
  async function decree({ bucket, key, group, role }: Policies): Promise<void> {
    const { s3, sagemaker } = lender.clients;
    await s3.send(new PutBucketPolicyCommand({ Bucket: lender.bucket, Policy: documentOf(bucket) }));
    await new KMSClient().send(new PutKeyPolicyCommand({ KeyId: keyArn, Policy: documentOf(key) }));
    await sagemaker.send(
      new PutModelPackageGroupPolicyCommand({ ModelPackageGroupName: LENDER, ResourcePolicy: documentOf(group) }),
    );
    const PolicyDocument = documentOf(role);
    const policy = { RoleName: BORROWER.role, PolicyName: "own", PolicyDocument };
    await new IAMClient(borrowersOwner).send(new PutRolePolicyCommand(policy));
  }

  /** Of the borrowing account's role; a new one for each try, because what one may do is remembered for two seconds. */
  async function session(RoleSessionName: string) {
    const RoleArn = `arn:aws:iam::${BORROWER_ACCOUNT}:role/${BORROWER.role}`;
    const { Credentials } = await new STSClient(borrowersOwner).send(
      new AssumeRoleCommand({ RoleArn, RoleSessionName }),
    );
    return {
      accessKeyId: Credentials?.AccessKeyId ?? "",
      secretAccessKey: Credentials?.SecretAccessKey ?? "",
      sessionToken: Credentials?.SessionToken ?? "",
    };
  }

  /**
   * The borrowing account's role promotes the lender's latest package, into its own bucket. The local SageMaker is one
   * account's: what is registered and queued there is, by that account's own user.
   *
   * @returns the name of the call that was refused, if one was
   */
  async function promotion(): Promise<string | undefined> {
    const name = `borrower-${++attempts}`;
    const credentials = await session(name);
    const refused: string[] = [];
    const told = <Client extends object>(client: Client): Client => noting(client, refused);
    const [asBorrower, asOwner] = [new SageMakerClient({ credentials }), lender.clients.sagemaker];
    await asOwner.send(new CreateModelPackageGroupCommand({ ModelPackageGroupName: name }));
    const settings = {
      source: {
        accountId: LENDER_ACCOUNT,
        modelPackageGroupName: LENDER,
        bucketName: lender.bucket,
        prefix: lender.prefix,
      },
      promotedUri: `s3://${BORROWER.bucket}/${BORROWER.prefix}/promoted/${name}`,
      experimentName: name,
      modelName: name,
      groupName: name,
      approvalStatus: "Approved" as const,
      queueUrl: lender.queueUrl,
      partition: "aws",
      region: "eu-west-1",
    };
    const clients = {
      s3: told(new S3Client({ credentials })),
      sagemaker: told(registeringAs(asOwner, asBorrower)),
      sqs: lender.clients.sqs,
      mlflow: lender.clients.mlflow,
    };
    try {
      await promote(clients, settings, { requestedBy: "a person", because: "a test" });
      return undefined;
    } catch (error) {
      if (refused.length === 0) throw error;
      return refused.join();
    }
  }

  /** Whether a statement is about what one account lends to the other. */
  const isReading = (holder: Holder, { Principal, Resource }: PolicyStatement): boolean =>
    holder === "role"
      ? list(Resource).some((arn) => arn === keyArn || arn.includes(LENDER))
      : JSON.stringify(Principal).includes(BORROWER_ACCOUNT);

  it("copies what the other account lets this one read, by the policies of both", async () => {
    await decree(all);
    expect(await promotion()).to.equal(undefined);
    const path = "run-1/model/model.tar.gz";
    const bytes = async (s3: S3Client, Bucket: string, Key: string) =>
      (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToString("base64");
    const copied = `${BORROWER.prefix}/promoted/borrower-1/${LENDER_ACCOUNT}/${LENDER}/1/${path}`;
    expect(await bytes(new S3Client(borrowersOwner), BORROWER.bucket, copied)).to.equal(
      await bytes(lender.clients.s3, lender.bucket, `${lender.prefix}/${path}`),
    );
  });

  it("is refused without any one of the permissions that either account's policies give it", async () => {
    const refusals: Record<string, string | undefined> = {};
    for (const holder of ["bucket", "key", "group", "role"] as const) {
      for (const [index, statement] of all[holder].entries()) {
        if (!isReading(holder, statement)) continue;
        for (const action of list(statement.Action)) {
          const Action = list(statement.Action).filter((each) => each !== action);
          const rest = all[holder].toSpliced(index, 1, ...(Action.length === 0 ? [] : [{ ...statement, Action }]));
          await decree({ ...all, [holder]: rest });
          refusals[`${holder} ${action}`] = await promotion();
        }
      }
    }
    expect(refusals).to.deep.equal({
      "bucket s3:GetObject": "CopyObject",
      "bucket s3:ListBucket": "ListObjectsV2",
      "key kms:Decrypt": "CopyObject",
      // For whoever looks at it.
      "key kms:DescribeKey": undefined,
      "group sagemaker:DescribeModelPackageGroup": undefined,
      "group sagemaker:DescribeModelPackage": "DescribeModelPackage",
      "group sagemaker:ListModelPackages": "ListModelPackages",
      "role sagemaker:DescribeModelPackage": "DescribeModelPackage",
      "role sagemaker:ListModelPackages": "ListModelPackages",
      "role s3:GetObject": "CopyObject",
      "role s3:ListBucket": "ListObjectsV2",
      "role kms:Decrypt": "CopyObject",
    });
  });

  it("may take the launcher's image along, by the policies of both", async () => {
    const [ecr, repositoryName] = [new ECRClient(), "launcher"];
    const { repository } = await ecr.send(new CreateRepositoryCommand({ repositoryName }));
    const resources = [repository?.repositoryArn ?? ""];
    const actions = list(all.repository[0]?.Action ?? []);
    /** Actions that the role's session may not do: the emulator's ECR knows one account's repositories alone. */
    const refused = async (): Promise<string[]> => {
      const { accessKeyId, sessionToken } = await session(`puller-${++attempts}`);
      const answers = actions.map(async (action) => {
        const body = JSON.stringify({ accessKeyId, sessionToken, demands: [{ action, resources }] });
        const address = `${process.env.AWS_ENDPOINT_URL}/_local/iam/authorize`;
        const { allowed } = (await (await fetch(address, { method: "POST", body })).json()) as { allowed: boolean };
        return allowed ? [] : [action];
      });
      return (await Promise.all(answers)).flat();
    };
    const pulling = { Effect: "Allow", Action: actions, Resource: resources };
    await decree({ ...all, role: [pulling] });
    expect(await refused()).to.deep.equal(actions);
    const policyText = documentOf(all.repository);
    await ecr.send(new SetRepositoryPolicyCommand({ repositoryName, policyText }));
    expect(await refused()).to.deep.equal([]);
    await decree(all);
    expect(await refused()).to.deep.equal(actions);
  });

  it("is refused to an account that was not named", async () => {
    const others = (statements: PolicyStatement[]) =>
      JSON.parse(JSON.stringify(statements).replaceAll(BORROWER_ACCOUNT, "321098765432")) as PolicyStatement[];
    await decree({ ...all, group: others(all.group) });
    expect(await promotion()).to.equal("ListModelPackages");
    await decree({ ...all, bucket: others(all.bucket) });
    expect(await promotion()).to.equal("CopyObject");
    await decree({ ...all, key: others(all.key) });
    expect(await promotion()).to.equal("CopyObject");
  });
}

const documentOf = (Statement: object[]): string => JSON.stringify({ Version: "2012-10-17", Statement });

/** The policies as components of two stacks write them: one that lends to an account, and one of that account. */
async function writtenByComponents(lender: TestStack, keyArn: string): Promise<Policies> {
  await startRecording();
  const readerAccountIds = [BORROWER_ACCOUNT];
  const lending = new Storage(LENDER, { readerAccountIds, prefix: lender.prefix });
  new ModelRegistry(LENDER, { storage: lending, groupName: LENDER, modelName: LENDER, readerAccountIds });
  new LauncherImage(LENDER, { storage: lending, readerAccountIds });
  await everythingRegistered();
  const of = (type: string, name: string, input: string) => statementsOf(inputsOf(type, name)[input]);
  const [bucket, key, group, repository] = [
    of("aws:s3/bucketPolicy:BucketPolicy", `${LENDER}-bucket`, "policy"),
    of("aws:kms/key:Key", `${LENDER}-key`, "policy"),
    of("aws:sagemaker/modelPackageGroupPolicy:ModelPackageGroupPolicy", `${LENDER}-packages`, "resourcePolicy"),
    of("aws:ecr/repositoryPolicy:RepositoryPolicy", `${LENDER}-repository`, "policy"),
  ];
  await startRecording();
  const base = foundations();
  const from = {
    accountId: LENDER_ACCOUNT,
    modelPackageGroupName: LENDER,
    bucketName: lender.bucket,
    prefix: lender.prefix,
    kmsKeyArn: keyArn,
  };
  const { deployQueue } = endpointOn(base);
  new ModelPromotion("promotion", { ...base, deployQueue, experimentName: "fraud", approval: "auto", from });
  await everythingRegistered();
  const role = ofType("aws:iam/rolePolicy:RolePolicy")
    .filter(({ inputs }) => inputs.role === "promotion")
    .flatMap(({ inputs }) => statementsOf(inputs.policy));
  // The mocks' ARN of a group has the resource's logical name.
  const named = JSON.parse(JSON.stringify(group).replaceAll(`${LENDER}-packages`, LENDER)) as PolicyStatement[];
  return { bucket, key, group: named, role, repository };
}

/** Notes calls that were refused, by the name of their operation. */
function noting<Client extends object>(client: Client, refused: string[]): Client {
  return new Proxy(client, {
    get(target, property, receiver) {
      const member: unknown = Reflect.get(target, property, receiver);
      if (property !== "send" || typeof member !== "function") return member;
      return async (command: object): Promise<unknown> => {
        try {
          return (await member.call(target, command)) as unknown;
        } catch (error) {
          const denied = error instanceof Error && /^AccessDenied/.test(error.name);
          if (denied) refused.push(command.constructor.name.replace(/Command$/, ""));
          throw error;
        }
      };
    },
  });
}

/** A client that makes packages as one caller, and does all else as another. */
function registeringAs(registrar: SageMakerClient, other: SageMakerClient): SageMakerClient {
  return new Proxy(other, {
    get(target, property, receiver) {
      if (property !== "send") return Reflect.get(target, property, receiver) as unknown;
      return (command: never) =>
        ((command as unknown) instanceof CreateModelPackageCommand ? registrar : target).send(command);
    },
  });
}
