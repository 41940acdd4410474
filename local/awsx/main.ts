/** What the Pulumi engine starts as the plugin of awsx, with its own address as argument. */
import "../engine/lean-sdk";
import type * as awsx from "@pulumi/awsx";
import { getAvailabilityZones } from "@pulumi/aws/getAvailabilityZones";
import type * as pulumi from "@pulumi/pulumi";
import { main, type ConstructResult, type Provider } from "@pulumi/pulumi/provider";
import { Vpc } from "./vpc";

/** The version of `@pulumi/awsx` whose component is stood in for. */
const VERSION = "3.9.0";

const provider: Provider = {
  version: VERSION,
  async construct(name, type, inputs, options): Promise<ConstructResult> {
    if (type !== "awsx:ec2:Vpc") throw new Error(`component ${type} is not supported by the local stand-in for awsx`);
    const args = inputs as pulumi.Unwrap<awsx.ec2.VpcArgs>;
    const wanted = args.numberOfAvailabilityZones ?? 3;
    // The zones of the provider that the component was given, as all its children are made by it.
    const { names } = await getAvailabilityZones({}, providerOf(options));
    if (names.length < wanted) {
      throw new Error(`the region has ${names.length} availability zones (${names.join(", ")}), not ${wanted}`);
    }
    const vpc = new Vpc(name, args, names.slice(0, wanted), options);
    return { urn: vpc.urn, state: vpc.outputs() };
  },
};

function providerOf({ providers }: pulumi.ComponentResourceOptions): pulumi.InvokeOptions {
  const given = Array.isArray(providers) ? undefined : providers?.["aws"];
  return given === undefined ? {} : { provider: given };
}

main(provider, process.argv.slice(2)).catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
