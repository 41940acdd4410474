// The stand-in for awsx's plugin against what the plugin itself registers: golden/*.json, recorded on Pulumi's mocks from
// the source of the plugin, https://github.com/pulumi/pulumi-awsx at commit e60adf3c (awsx/ec2/vpc.ts), with these args.
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { expect } from "chai";
import { Vpc } from "../../../local/awsx/vpc";

interface Golden {
  args: ConstructorParameters<typeof Vpc>[1] & { numberOfAvailabilityZones: number };
  resources: { type: string; name: string; inputs: Record<string, unknown> }[];
}

const GOLDEN = join(__dirname, "golden");
const ZONES = ["eu-west-1a", "eu-west-1b", "eu-west-1c"];
const registered: Golden["resources"] = [];

const { waitForRPCs } = pulumi.runtime as unknown as { waitForRPCs: () => Promise<void> };

const sorted = (resources: Golden["resources"]) =>
  [...resources].sort((one, other) => (`${one.type} ${one.name}` < `${other.type} ${other.name}` ? -1 : 1));

describe("the stand-in for awsx.ec2.Vpc", () => {
  beforeEach(async () => {
    registered.length = 0;
    await pulumi.runtime.setMocks({
      newResource: ({ type, name, inputs }) => {
        if (type !== "awsx:ec2:Vpc") registered.push({ type, name, inputs: inputs as Record<string, unknown> });
        return { id: `${name}-id`, state: { ...(inputs as object), allocationId: `${name}-id` } };
      },
      call: () => ({}),
    });
  });

  for (const file of readdirSync(GOLDEN)) {
    const { args, resources } = JSON.parse(readFileSync(join(GOLDEN, file), "utf8")) as Golden;
    it(`makes what the plugin makes: ${file.replace(".json", "").replaceAll("-", " ")}`, async () => {
      new Vpc("network-vpc", args, ZONES.slice(0, args.numberOfAvailabilityZones), {});
      await waitForRPCs();
      expect(sorted(registered)).to.deep.equal(sorted(resources));
    });
  }

  it("refuses by name what it does not stand in for", () => {
    const args = { cidrBlock: "10.0.0.0/16", subnetStrategy: "Auto", tenancy: "dedicated", subnetSpecs: [] };
    expect(() => new Vpc("vpc", args as never, ZONES, {})).to.throw("tenancy is not stood in for");
    const isolated = [{ type: "Isolated", cidrBlocks: ["10.0.0.0/24"] }];
    const wrong = { subnetStrategy: "Legacy", subnetSpecs: isolated };
    expect(() => new Vpc("vpc", wrong as never, ZONES, {})).to.throw(
      /type Isolated is not stood in for; a subnet spec has 1 cidrBlocks: .*each of the 3 zones; subnetStrategy Legacy/,
    );
  });
});
