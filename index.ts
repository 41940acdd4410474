// The composition root: a stack's configuration in, the platform out, its outputs for whoever builds on it.
// `pulumi up` runs what this function returns; so does every other way of running the program.
import { readStackConfig } from "./config";
import { platform } from "./components/platform";
import type { PlatformOutputValues } from "./components/outputs";

export = (): Promise<PlatformOutputValues> => Promise.resolve(platform(readStackConfig()));
