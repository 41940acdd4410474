import { expect } from "chai";
import { DatabaseSource, type DatabaseSourceArgs } from "../../components/database-source";
import { Storage } from "../../components/storage";
import {
  everythingRegistered,
  inputsOf,
  ofType,
  permissionsOf,
  startRecording,
  statementsOf,
  valueOf,
} from "./support/mocks";

const SECRET = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reader-AbCdEf";
const KEY = "arn:aws:kms:eu-west-1:123456789012:key/secrets";
const DATABASE_GROUP = "sg-0000000000000000d";
const SOURCE: DatabaseSourceArgs["source"] = {
  type: "rds",
  host: "db.example.eu-west-1.rds.amazonaws.com",
  port: 3307,
  secretArn: SECRET,
  database: "credit_fraud",
  table: "transactions",
  instanceType: "ml.m5.large",
  volumeSizeGb: 30,
  maxRuntimeSeconds: 7200,
};
const NETWORK: NonNullable<DatabaseSourceArgs["network"]> = {
  vpcId: "vpc-00000000000000001",
  subnetIds: ["subnet-00000000000000001", "subnet-00000000000000002"],
  securityGroupIds: ["sg-00000000000000001"],
};

async function source(args: Partial<DatabaseSourceArgs> = {}): Promise<DatabaseSource> {
  const made = new DatabaseSource("database", {
    storage: new Storage("storage"),
    source: SOURCE,
    tags: { team: "risk" },
    ...args,
  });
  await everythingRegistered();
  return made;
}

const ec2 = (resource: string) => `arn:aws:ec2:eu-west-1:123456789012:${resource}`;

describe("the database as a source", () => {
  beforeEach(startRecording);

  it("lets the job alone read that secret, its code, and write rows", async () => {
    const made = await source();
    expect(inputsOf("aws:iam/role:Role", "database-extract").assumeRolePolicy).to.contain("sagemaker.amazonaws.com");
    expect(await valueOf(made.roleArn)).to.equal("arn:aws:iam::123456789012:role/database-extract");
    expect(permissionsOf("database-extract")).to.deep.equal(
      [
        "cloudwatch:PutMetricData *",
        "ecr:BatchCheckLayerAvailability arn:aws:ecr:eu-west-1:*:repository/sagemaker-*",
        "ecr:BatchGetImage arn:aws:ecr:eu-west-1:*:repository/sagemaker-*",
        "ecr:GetAuthorizationToken *",
        "ecr:GetDownloadUrlForLayer arn:aws:ecr:eu-west-1:*:repository/sagemaker-*",
        "kms:Decrypt arn:aws:kms:eu-west-1:123456789012:key/storage-key",
        "kms:GenerateDataKey arn:aws:kms:eu-west-1:123456789012:key/storage-key",
        ...["CreateLogGroup", "CreateLogStream", "DescribeLogStreams", "PutLogEvents"].map(
          (action) => `logs:${action} arn:aws:logs:eu-west-1:123456789012:log-group:/aws/sagemaker/*`,
        ),
        "s3:AbortMultipartUpload arn:aws:s3:::storage-bucket/fraud/*/extracted/*",
        "s3:GetObject arn:aws:s3:::storage-bucket/fraud/scripts/*",
        "s3:GetObjectVersion arn:aws:s3:::storage-bucket/fraud/scripts/*",
        "s3:ListBucket arn:aws:s3:::storage-bucket",
        "s3:PutObject arn:aws:s3:::storage-bucket/fraud/*/extracted/*",
        `secretsmanager:GetSecretValue ${SECRET}`,
      ].sort(),
    );
    expect(made.network).to.equal(undefined);
    expect(ofType("aws:ec2/securityGroup:SecurityGroup")).to.have.length(0);
  });

  it("lets the job decrypt with the secret's key, for that secret alone", async () => {
    await source({ source: { ...SOURCE, secretKmsKeyArn: KEY } });
    const [policy] = ofType("aws:iam/rolePolicy:RolePolicy").map(({ inputs }) => statementsOf(inputs.policy));
    expect(policy?.filter(({ Resource }) => Resource.includes(KEY))).to.deep.equal([
      {
        Effect: "Allow",
        Action: ["kms:Decrypt"],
        Resource: [KEY],
        Condition: {
          StringEquals: {
            "kms:ViaService": "secretsmanager.eu-west-1.amazonaws.com",
            "kms:EncryptionContext:SecretARN": SECRET,
          },
        },
      },
    ]);
  });

  it("lets the job read the roots that vouch for the server, where they are given", async () => {
    await source({ source: { ...SOURCE, caBundleKey: "tls/roots*.pem" } });
    expect(permissionsOf("database-extract")).to.include(
      "s3:GetObject arn:aws:s3:::storage-bucket/fraud/tls/roots${*}.pem",
    );
  });

  it("has the database let in a group of the job's own, which reaches nothing else", async () => {
    const made = await source({ source: { ...SOURCE, securityGroupId: DATABASE_GROUP }, network: NETWORK });
    const own = "database-client-id";
    expect(inputsOf("aws:ec2/securityGroup:SecurityGroup", "database-client")).to.deep.equal({
      vpcId: NETWORK.vpcId,
      description: "The job that reads transactions from the database",
      tags: { team: "risk" },
    });
    const mysql = { ipProtocol: "tcp", fromPort: 3307, toPort: 3307, tags: { team: "risk" } };
    expect(inputsOf("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "database-client")).to.deep.equal({
      ...mysql,
      securityGroupId: DATABASE_GROUP,
      referencedSecurityGroupId: own,
      description: "The job of fraud, stack local, that reads transactions",
    });
    expect(inputsOf("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "database-client")).to.deep.equal({
      ...mysql,
      securityGroupId: own,
      referencedSecurityGroupId: DATABASE_GROUP,
      description: "To the database",
    });
    expect(made.network?.subnetIds).to.deep.equal(NETWORK.subnetIds);
    expect(await Promise.all(made.network?.securityGroupIds.map(valueOf) ?? [])).to.deep.equal([
      "sg-00000000000000001",
      own,
    ]);
    expect(permissionsOf("database-extract")).to.include.members([
      `ec2:CreateNetworkInterface ${ec2("network-interface/*")}`,
      `ec2:CreateNetworkInterface ${ec2("subnet/subnet-00000000000000001")}`,
      `ec2:CreateNetworkInterface ${ec2("subnet/subnet-00000000000000002")}`,
      `ec2:CreateNetworkInterface ${ec2("security-group/sg-00000000000000001")}`,
      `ec2:CreateNetworkInterface ${ec2(`security-group/${own}`)}`,
      `ec2:CreateNetworkInterfacePermission ${ec2("network-interface/*")}`,
      `ec2:DeleteNetworkInterface ${ec2("network-interface/*")}`,
      "ec2:DescribeSubnets *",
    ]);
  });

  it("leaves the database's group alone where it is not given, and a given role as it is", async () => {
    const roleArn = "arn:aws:iam::123456789012:role/theirs";
    const made = await source({ network: NETWORK, roleArn });
    expect(ofType("aws:ec2/securityGroup:SecurityGroup")).to.have.length(0);
    expect(ofType("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule")).to.have.length(0);
    expect(await Promise.all(made.network?.securityGroupIds.map(valueOf) ?? [])).to.deep.equal(
      NETWORK.securityGroupIds,
    );
    expect(await valueOf(made.roleArn)).to.equal(roleArn);
    expect(ofType("aws:iam/rolePolicy:RolePolicy")).to.have.length(0);
  });
});
