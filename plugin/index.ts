// What Pulumi starts for programs in other languages: `pulumi package add <this folder>`.
import * as provider from "@pulumi/pulumi/provider";
import { version } from "../package.json";
import { FraudProvider } from "./provider";

void provider.main(new FraudProvider(version), process.argv.slice(2));
