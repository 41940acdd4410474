// A network of a stack's own on the local cloud: the real engine, the stand-in for awsx, EC2 as the emulator has it.
import {
  EC2Client,
  DescribeNatGatewaysCommand,
  DescribeSubnetsCommand,
  DescribeVpcEndpointsCommand,
} from "@aws-sdk/client-ec2";
import { expect } from "chai";
import { Network } from "../../../components/network";
import { run } from "../../../local/engine";
import { startMiniStack, type Emulator } from "../support/ministack";
import { Workbench } from "../support/stack";

describe("a network of a stack's own, on the local cloud", () => {
  let ministack: Emulator;
  let bench: Workbench;
  before(async () => {
    ministack = await startMiniStack();
    bench = new Workbench(ministack.environment);
    await bench.prepare();
  });
  after(async () => {
    bench.clean();
    await ministack.stop();
  });

  const open = (natGateways: number) =>
    bench.open("network", () => {
      const { vpcId } = new Network("network", {
        network: { cidrBlock: "10.0.0.0/16", availabilityZones: 2, natGateways },
        tags: { project: "fraud", stack: "network" },
      });
      return Promise.resolve({ vpcId });
    });

  it("comes up, has nothing to do again, gets a NAT gateway without a new private subnet, and goes", async () => {
    const credentials = { accessKeyId: "test", secretAccessKey: "test" };
    const ec2 = new EC2Client({ region: "eu-west-1", endpoint: ministack.endpoint, credentials });
    await run(await open(0), "up");
    const { vpcId } = await (await open(0)).outputs();
    const within = { Filters: [{ Name: "vpc-id", Values: [String(vpcId?.value)] }] };
    const subnets = async () => (await ec2.send(new DescribeSubnetsCommand(within))).Subnets ?? [];
    const before = await subnets();
    expect(before.map(({ AvailabilityZone }) => AvailabilityZone)).to.have.members(["eu-west-1a", "eu-west-1b"]);
    const { VpcEndpoints = [] } = await ec2.send(new DescribeVpcEndpointsCommand(within));
    expect(VpcEndpoints).to.have.length(16);
    expect((await run(await open(0), "preview")).steps).to.deep.equal([]);

    const { steps } = await run(await open(1), "up");
    const subnetSteps = steps.filter(({ type }) => type === "aws:ec2/subnet:Subnet");
    expect(subnetSteps.map(({ op }) => op)).to.deep.equal(["create", "create"]);
    const ids = (await subnets()).map(({ SubnetId }) => SubnetId);
    expect(ids).to.include.members(before.map(({ SubnetId }) => SubnetId));
    const { NatGateways = [] } = await ec2.send(new DescribeNatGatewaysCommand({ Filter: within.Filters }));
    expect(NatGateways.map(({ State }) => State)).to.deep.equal(["available"]);

    await run(await open(1), "destroy");
    expect(await subnets()).to.deep.equal([]);
  });
});
