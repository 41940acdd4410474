// Which operations of AWS's the local SageMaker, ECS and Application Auto Scaling have, as tables for local/README.md:
// what works comes from the services themselves, what there is from AWS's published models.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { loadModel } from "../local/aws-models";
import { applicationAutoScaling } from "../local/autoscaling/service";
import { ecs } from "../local/ecs/service";
import { runtimeRefused } from "../local/sagemaker/refused";
import { sagemaker } from "../local/sagemaker/service";
import { serverContext } from "../local/server/context";
import type { Refusal } from "../local/server/json-service";

/** What a service does with each operation that AWS's model of it has. */
export interface ServiceOperations {
  title: string;
  works: string[];
  refused: { why: string; operations: string[] }[];
  missing: string[];
}

/**
 * The services' operations, read off services that are made for it and closed again.
 *
 * @throws Error where a service has an operation that AWS's has not
 */
export async function operationsHere(): Promise<ServiceOperations[]> {
  const stateDirectory = mkdtempSync(join(tmpdir(), "operations-"));
  const nowhere = "http://127.0.0.1:1";
  const context = serverContext(
    {
      port: 0,
      stateDirectory,
      python: "python3",
      region: "us-east-1",
      accountId: "123456789012",
      upstream: nowhere,
      endpoints: {},
      maxConcurrentJobs: 1,
      sourceDirectory: stateDirectory,
      captureIntervalSeconds: 1,
      endpointInstances: {},
      mlflowUrl: undefined,
      enforceIam: false,
    },
    nowhere,
  );
  const services = [sagemaker(context).service, ecs(context), applicationAutoScaling(context)];
  try {
    const [forSageMaker, forEcs, forAutoScaling] = services.map(({ serviceName, operations, refused = [] }) =>
      sorted(serviceName, Object.keys(operations), refused),
    ) as [Sorted, Sorted, Sorted];
    const forRuntime = sorted("sagemaker-runtime", ["InvokeEndpoint"], runtimeRefused);
    return [
      { title: "SageMaker", ...forSageMaker },
      { title: "SageMaker runtime", ...forRuntime },
      { title: "ECS", ...forEcs },
      { title: "Application Auto Scaling", ...forAutoScaling },
    ];
  } finally {
    for (const service of services) await service.close?.();
    await context.processes.close();
    context.roles.close();
    rmSync(stateDirectory, { recursive: true, force: true });
  }
}

type Sorted = Omit<ServiceOperations, "title">;

function sorted(service: string, here: readonly string[], refusals: readonly Refusal[]): Sorted {
  const all = Object.keys(loadModel(service).operations);
  const invented = here.filter((operation) => !all.includes(operation));
  if (invented.length > 0) throw new Error(`AWS's ${service} has no operation ${invented.join(", ")}.`);
  const others = all.filter((operation) => !here.includes(operation));
  const refusalOf = (operation: string) => refusals.find(({ operations }) => operations.test(operation));
  return {
    works: all.filter((operation) => here.includes(operation)),
    refused: refusals.map((refusal) => ({
      why: refusal.why,
      operations: others.filter((operation) => refusalOf(operation) === refusal),
    })),
    missing: others.filter((operation) => refusalOf(operation) === undefined),
  };
}

/** Markdown: for each service what works, a row for each kind of thing, then what is refused and what is missing. */
export function operationsMarkdown(services: readonly ServiceOperations[]): string {
  return services.map(serviceMarkdown).join("\n\n");
}

function serviceMarkdown({ title, works, refused, missing }: ServiceOperations): string {
  const refusedCount = refused.reduce((count, { operations }) => count + operations.length, 0);
  const things = [...new Set(works.map(thingOf))].sort();
  const of = (thing: string, operations: readonly string[]) => operations.filter((each) => thingOf(each) === thing);
  const rows = things.map((thing) => `| ${names(of(thing, works))} | ${names(of(thing, missing)) || " "} |`);
  const others = missing.filter((operation) => !things.includes(thingOf(operation)));
  return [
    `### Operations of ${title}`,
    "",
    `${works.length} work, ${refusedCount} are refused, ${missing.length} are missing.`,
    "",
    "| works | missing beside it |",
    "|---|---|",
    ...rows,
    "",
    "| refused, because | operations |",
    "|---|---|",
    ...refused.map(({ why, operations }) => `| ${why} | ${names(operations)} |`),
    ...(others.length === 0 ? [] : ["", `All else is missing: ${names(others)}`]),
  ].join("\n");
}

const names = (operations: readonly string[] = []): string =>
  [...operations]
    .sort()
    .map((name) => `\`${name}\``)
    .join(" ");

/** `ListModelPackages`, `BatchDescribeModelPackage` → `ModelPackage`. */
function thingOf(operation: string): string {
  return operation
    .replace(/^Batch/, "")
    .replace(/^[A-Z][a-z]+/, "")
    .replace(/ies$/, "y")
    .replace(/(?<!s)s$/, "");
}

const BEGIN = "<!-- operations: written by npm run docs:operations -->";
const END = "<!-- end of operations -->";

/**
 * The text with the tables between its marks.
 *
 * @throws Error where the marks are not there
 */
export function withOperations(text: string, markdown: string): string {
  const from = text.indexOf(BEGIN);
  const to = text.indexOf(END);
  if (from < 0 || to < from) throw new Error(`The text has no "${BEGIN}" … "${END}" to write the operations between.`);
  return `${text.slice(0, from + BEGIN.length)}\n\n${markdown}\n\n${text.slice(to)}`;
}
