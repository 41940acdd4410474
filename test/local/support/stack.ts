import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join, resolve } from "node:path";
import type { PulumiFn, Stack } from "@pulumi/pulumi/automation";
import { openStack } from "../../../local/engine";
import { bundleProvider } from "../../../local/provider/bundle";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

/** A place for stacks of a test file: the provider's bundle, state, and a configuration. */
export class Workbench {
  readonly directory = mkdtempSync(join(tmpdir(), "stacks-"));

  constructor(private readonly environment: Record<string, string>) {}

  /** Bundles the provider. */
  async prepare(): Promise<void> {
    await bundleProvider(join(this.directory, "plugin"));
  }

  /**
   * Opens a stack on the real engine. The same name with another program is the same stack, changed. Stacks can refer to
   * each other where they share a `state`, a name of its own where there are several.
   */
  open(
    stack: string,
    program: PulumiFn,
    options: { configuration?: string; planOnly?: boolean; project?: string; state?: string } = {},
  ): Promise<Stack> {
    const configFile = join(this.directory, `Pulumi.${stack}.yaml`);
    writeFileSync(configFile, options.configuration ?? "config:\n  aws:region: eu-west-1\n");
    return openStack({
      stack,
      ...(options.project === undefined ? {} : { project: options.project }),
      program,
      configFile,
      directory: join(this.directory, options.state ?? stack),
      environment: this.environment,
      pulumiBinary: pulumi(),
      pluginDirectory: join(this.directory, "plugin"),
      programDirectory: PROJECT_ROOT,
      planOnly: options.planOnly ?? false,
    });
  }

  clean(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}

function pulumi(): string {
  const directories = [join(PROJECT_ROOT, ".local", "bin"), ...(process.env["PATH"] ?? "").split(delimiter)];
  const found = directories.map((directory) => join(directory, "pulumi")).find((path) => existsSync(path));
  if (!found) throw new Error("there is no Pulumi engine: run the set-up");
  return found;
}
