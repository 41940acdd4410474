/** The process entry of the local server: hosts the AWS services that MiniStack lacks. */
import { mkdirSync } from "node:fs";
import { endProcessesWith } from "../cloud/process-table";
import { applicationAutoScaling } from "../autoscaling/service";
import { cloudWatch } from "../cloudwatch/service";
import { codeBuild } from "../codebuild/service";
import { Guard } from "../iam/guard";
import { codePipeline } from "../codepipeline/service";
import { ecs } from "../ecs/service";
import { sagemaker } from "../sagemaker/service";
import { serverContext } from "./context";
import { Gate } from "./gate";
import { listen } from "./http-server";
import type { JsonService } from "./json-service";
import { MlflowProxy } from "./mlflow-proxy";
import { ManyProtocols } from "./many-protocols";
import { OWNER_VARIABLE } from "./processes";
import { readSettings } from "./settings";

async function main(): Promise<void> {
  const settings = readSettings(process.env);
  mkdirSync(settings.stateDirectory, { recursive: true });
  await endProcessesWith(OWNER_VARIABLE, settings.stateDirectory);
  const services: JsonService[] = [];
  const closing: JsonService[] = [];
  const gate = new Gate(settings.upstream);
  let endProcesses = (): Promise<void> => Promise.resolve();
  let closeRoles = (): void => undefined;
  let closeMlflow = (): void => undefined;

  const { url, server } = await listen(settings.port, (url) => {
    const context = serverContext(settings, url);
    endProcesses = () => context.processes.close();
    const guard = new Guard(context.access, settings);
    const local = sagemaker(context);
    const metrics = cloudWatch(context);
    const tasks = ecs(context);
    const builds = codeBuild(context);
    // Scaling ends first: it drives endpoints.
    services.push(applicationAutoScaling(context), local.service, tasks);
    services.push(builds.service, codePipeline(context, builds));
    closing.push(...services, metrics);
    closeRoles = () => context.roles.close();
    const mlflow = settings.mlflowUrl === undefined ? [] : [new MlflowProxy(settings.mlflowUrl, context.access)];
    closeMlflow = () => mlflow.forEach((proxy) => proxy.close());
    return {
      services,
      rest: [...mlflow, local.runtime, context.roles, new ManyProtocols(metrics, guard)],
      guard,
      gate,
    };
  });
  console.log(`local server: ${url}`);

  let stopping = false;
  const stop = async (): Promise<void> => {
    if (stopping) return;
    stopping = true;
    for (const service of services) await service.drain?.();
    server.close();
    server.closeAllConnections();
    for (const service of closing) await service.close?.();
    await endProcesses();
    closeRoles();
    closeMlflow();
    gate.close();
    process.exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT"] as const) process.on(signal, () => void stop());
}

main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : error);
  process.exit(1);
});
