import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { expect } from "chai";
import fc from "fast-check";
import { Network, type NetworkArgs } from "../../components/network";
import { networkLayout } from "../../components/network-layout";
import { SERVICE_ENDPOINTS } from "../../components/vpc-endpoints";
import { NetworkCreation } from "../../config/platform";
import { isLeft } from "fp-ts/Either";
import { everythingRegistered, inputsOf, ofType, permissionsOf, startRecording } from "./support/mocks";

const ROOT = join(__dirname, "..", "..");
const VPC = "awsx:ec2:Vpc";
const ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint";
const EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule";
const INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule";

const range = (block: string): [number, number] => {
  const [address = "", bits = ""] = block.split("/");
  const first = address.split(".").reduce((sum, octet) => sum * 256 + Number(octet), 0);
  return [first, first + 2 ** (32 - Number(bits))];
};

const creation = fc
  .record({
    second: fc.integer({ min: 0, max: 255 }),
    third: fc.integer({ min: 0, max: 255 }),
    bits: fc.integer({ min: 16, max: 28 }),
    availabilityZones: fc.integer({ min: 1, max: 6 }),
    nat: fc.constantFrom(0, 1, "each" as const),
  })
  .map(({ second, third, bits, availabilityZones, nat }) => ({
    cidrBlock: `10.${second}.${third}.0/${bits}`,
    availabilityZones,
    natGateways: nat === "each" ? availabilityZones : nat,
  }));

describe("the layout of a network", () => {
  it("gives every zone its own subnets, aligned, inside the network, none over another", () => {
    fc.assert(
      fc.property(creation, (network) => {
        fc.pre(!isLeft(NetworkCreation.decode(network)));
        const { privateCidrBlocks, publicCidrBlocks } = networkLayout(network);
        expect(privateCidrBlocks).to.have.length(network.availabilityZones);
        expect(publicCidrBlocks).to.have.length(network.natGateways === 0 ? 0 : network.availabilityZones);
        const [base, end] = range(network.cidrBlock);
        const size = end - base;
        const first = Math.floor(base / size) * size;
        const ranges = [...privateCidrBlocks, ...publicCidrBlocks].map(range).sort(([one], [other]) => one - other);
        ranges.forEach(([from, to], index) => {
          expect(from).to.be.at.least(ranges[index - 1]?.[1] ?? first);
          expect(to).to.be.at.most(first + size);
          expect(from % (to - from)).to.equal(0);
        });
        for (const block of privateCidrBlocks) expect(Number(block.split("/")[1])).to.be.at.most(26);
      }),
    );
  });

  it("keeps the private subnets when NAT gateways come or go", () => {
    fc.assert(
      fc.property(creation, (network) => {
        const without = networkLayout({ ...network, natGateways: 0 });
        expect(networkLayout(network).privateCidrBlocks).to.deep.equal(without.privateCidrBlocks);
      }),
    );
  });
});

describe("a network of a stack's own", () => {
  beforeEach(startRecording);

  async function network(change: Partial<NetworkArgs["network"]> = {}, args: Partial<NetworkArgs> = {}) {
    const made = new Network("network", {
      network: { cidrBlock: "10.0.0.0/16", availabilityZones: 3, natGateways: 0, ...change },
      tags: { stack: "local" },
      logRetentionDays: 30,
      ...args,
    });
    await everythingRegistered();
    return made;
  }
  const rules = (type: string) =>
    ofType(type).map(({ name, inputs }) => [name, inputs["fromPort"], inputs["toPort"]].join(" "));

  it("is a VPC of awsx with a private subnet in each zone, and none with a way to the internet", async () => {
    await network();
    expect(inputsOf(VPC, "network-vpc")).to.deep.equal({
      cidrBlock: "10.0.0.0/16",
      numberOfAvailabilityZones: 3,
      enableDnsHostnames: true,
      enableDnsSupport: true,
      natGateways: { strategy: "None" },
      subnetStrategy: "Auto",
      subnetSpecs: [{ type: "Private", name: "private", cidrBlocks: ["10.0.0.0/19", "10.0.64.0/19", "10.0.128.0/19"] }],
      tags: { stack: "local" },
    });
  });

  it("has an endpoint for each service without NAT gateways, reached by tasks on 443 alone", async () => {
    await network();
    const made = ofType(ENDPOINT).map(
      ({ inputs }) => `${String(inputs["vpcEndpointType"])} ${String(inputs["serviceName"])}`,
    );
    expect(made).to.have.members([
      "Gateway com.amazonaws.eu-west-1.s3",
      "Gateway com.amazonaws.eu-west-1.dynamodb",
      ...["ecr.api", "ecr.dkr", "logs", "monitoring", "sagemaker.api", "sagemaker.runtime", "secretsmanager"].map(
        (service) => `Interface com.amazonaws.eu-west-1.${service}`,
      ),
      "Interface aws.sagemaker.eu-west-1.experiments",
      ...["sts", "kms", "sqs", "sns", "events", "ssm"].map((service) => `Interface com.amazonaws.eu-west-1.${service}`),
    ]);
    expect(inputsOf(ENDPOINT, "network-logs")).to.deep.include({
      privateDnsEnabled: true,
      securityGroupIds: ["network-endpoints-id"],
    });
    expect(rules(INGRESS)).to.have.members([
      "network-endpoints-from-tasks 443 443",
      "network-tasks-from-tasks 0 65535",
    ]);
    expect(rules(EGRESS)).to.have.members([
      "network-tasks-to-endpoints 443 443",
      "network-tasks-to-gateway-1 443 443",
      "network-tasks-to-gateway-2 443 443",
      "network-tasks-to-tasks 0 65535",
    ]);
    for (const { inputs } of [...ofType(INGRESS), ...ofType(EGRESS)]) expect(inputs).not.to.have.property("cidrIpv4");
  });

  it("has NAT gateways instead, in public subnets, and HTTPS to the internet", async () => {
    await network({ natGateways: 3 });
    const vpc = inputsOf(VPC, "network-vpc");
    expect(vpc["natGateways"]).to.deep.equal({ strategy: "OnePerAz" });
    expect(vpc["subnetSpecs"]).to.have.length(2);
    expect(ofType(ENDPOINT).map(({ inputs }) => inputs["vpcEndpointType"])).to.deep.equal(["Gateway", "Gateway"]);
    expect(inputsOf(EGRESS, "network-tasks-to-internet")).to.deep.include({ cidrIpv4: "0.0.0.0/0", fromPort: 443 });
    await startRecording();
    await network({ natGateways: 1 });
    expect(inputsOf(VPC, "network-vpc")["natGateways"]).to.deep.equal({ strategy: "Single" });
  });

  it("lets tasks out to a database's port in private blocks, where there is one", async () => {
    await network({}, { databasePort: 3306 });
    const to = ofType(EGRESS).filter(({ name }) => name.includes("database"));
    expect(to.map(({ inputs }) => `${String(inputs["cidrIpv4"])} ${String(inputs["fromPort"])}`)).to.have.members([
      "10.0.0.0/8 3306",
      "172.16.0.0/12 3306",
      "192.168.0.0/16 3306",
    ]);
  });

  it("logs all flows for as long as the stack keeps its logs, under a role for that alone or a given one", async () => {
    await network();
    expect(inputsOf("aws:cloudwatch/logGroup:LogGroup", "network-flows")).to.deep.include({ retentionInDays: 30 });
    expect(inputsOf("aws:ec2/flowLog:FlowLog", "network-flows")).to.deep.include({
      trafficType: "ALL",
      iamRoleArn: "arn:aws:iam::123456789012:role/network-flows",
    });
    const group = "arn:aws:logs:eu-west-1:123456789012:log-group:network-flows";
    expect(permissionsOf("network-flows")).to.include.members([`logs:PutLogEvents ${group}:*`]);
    await startRecording();
    const flowLogsRoleArn = "arn:aws:iam::123456789012:role/given";
    await network({}, { flowLogsRoleArn });
    expect(inputsOf("aws:ec2/flowLog:FlowLog", "network-flows")).to.deep.include({ iamRoleArn: flowLogsRoleArn });
    expect(ofType("aws:iam/role:Role")).to.deep.equal([]);
  });
});

describe("the endpoints of a network without NAT gateways", () => {
  /** `client-secrets-manager` is the SDK's name of what botocore calls secretsmanager. */
  const serviceOf = (client: string) =>
    ({
      cloudwatch: "cloudwatch",
      "cloudwatch-logs": "logs",
      eventbridge: "events",
      "secrets-manager": "secretsmanager",
    })[client] ?? client;

  /** Services whose clients the launcher's program, with all that it imports, makes. */
  async function launcherServices(): Promise<string[]> {
    const { metafile } = await build({
      entryPoints: [join(ROOT, "pipeline", "launch.ts")],
      bundle: true,
      write: false,
      metafile: true,
      platform: "node",
      packages: "external",
      logLevel: "error",
    });
    const imported = Object.values(metafile.inputs).flatMap(({ imports }) => imports.map(({ path }) => path));
    const clients = imported.flatMap((path) => /^@aws-sdk\/client-([\w-]+)$/.exec(path)?.[1] ?? []);
    return [...new Set(clients.map(serviceOf))];
  }

  /** Services that the jobs' Python asks, by boto3's clients or by requests that it signs itself. */
  function jobServices(): Map<string, string[]> {
    const found = new Map<string, string[]>();
    const jobs = join(ROOT, "jobs");
    for (const file of readdirSync(jobs, { recursive: true, encoding: "utf8" }).filter((name) =>
      name.endsWith(".py"),
    )) {
      const text = readFileSync(join(jobs, file), "utf8");
      const made = [...text.matchAll(/\.(?:client|resource)\(\s*["']([\w-]+)["']/g)].map(([, name = ""]) => name);
      const signed = [...text.matchAll(/^_SERVICE = "([\w-]+)"/gm)].map(([, name = ""]) => name);
      // What asks AWS must say which service, where this test can read it.
      if (/\b(SigV4Auth\(|boto3\.(client|resource)\()/.test(text))
        expect([...made, ...signed], file).not.to.deep.equal([]);
      found.set(file, [...made, ...signed]);
    }
    return found;
  }

  it("cover every service that the launcher asks", async () => {
    const services = await launcherServices();
    expect(services).to.include.members(["s3", "sagemaker"]);
    for (const service of services) expect(SERVICE_ENDPOINTS, `the launcher asks ${service}`).to.have.property(service);
  });

  it("cover every service that a job asks", () => {
    const services = jobServices();
    expect([...services.values()].flat()).to.include.members(["secretsmanager", "cloudwatch", "sagemaker-mlflow"]);
    for (const [file, names] of services) {
      for (const name of names) expect(SERVICE_ENDPOINTS, `jobs/${file} asks ${name}`).to.have.property(name);
    }
  });

  it("are one each, and S3's and DynamoDB's cost nothing", () => {
    const all = Object.values(SERVICE_ENDPOINTS).flat();
    const names = all.map(({ serviceName }) => serviceName("eu-west-1"));
    expect(new Set(names).size).to.equal(names.length);
    expect(all.filter(({ type }) => type === "Gateway").map(({ name }) => name)).to.deep.equal(["s3", "dynamodb"]);
  });
});
