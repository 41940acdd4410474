// What the dashboard of a stack shows, as CloudWatch takes it: names in, a body out.
import type { MonitorKind } from "../functions/shared/monitors";
import { monitorDimensions, monitorKinds, monitorMetrics } from "../functions/shared/monitors";
import { METRICS_NAMESPACE } from "../functions/shared/metrics";

/** What is looked at, by the names that it has on AWS. */
export interface DashboardSubjects {
  region: string;
  pipelineName: string;
  endpointName: string;
  variantName: string;
  /** Deployments wait in the first, and failed for good in the second. */
  deployQueues: QueueNames;
  deployFunctionName: string;
  scorerFunctionName: string;
  scorerQueues: QueueNames;
  apiName: string;
  apiStage: string;
}

export interface QueueNames {
  name: string;
  deadLettersName: string;
}

/** A line of a graph. */
export interface Series {
  namespace: string;
  metric: string;
  dimensions: Readonly<Record<string, string>>;
  stat: string;
  label?: string;
}

export interface Graph {
  title: string;
  /** Of one unit. */
  series: Series[];
}

/** Graphs that belong together. */
export interface Section {
  title: string;
  graphs: Graph[];
}

/** The grid of a dashboard is 24 wide: three graphs to a row. */
const WIDTH = 8;
const HEIGHT = 6;
const PER_ROW = 24 / WIDTH;
const PERIOD_SECONDS = 60;

const of =
  (namespace: string, dimensions: Record<string, string>) =>
  (metric: string, stat: string, label?: string): Series => ({
    namespace,
    metric,
    dimensions,
    stat,
    ...(label === undefined ? {} : { label }),
  });

/** The five parts of the platform that traffic, labels and models pass through. */
export function dashboardSections(subjects: DashboardSubjects): Section[] {
  return [pipeline(subjects), endpoint(subjects), scorer(subjects), api(subjects), monitors(subjects)];
}

function pipeline({ pipelineName, deployQueues, deployFunctionName }: DashboardSubjects): Section {
  const executions = of("AWS/Sagemaker/ModelBuildingPipeline", { PipelineName: pipelineName });
  return {
    title: "Pipeline and deployments",
    graphs: [
      {
        title: "Executions",
        series: [
          executions("ExecutionStarted", "Sum", "started"),
          executions("ExecutionSucceeded", "Sum", "succeeded"),
          executions("ExecutionFailed", "Sum", "failed"),
          executions("ExecutionStopped", "Sum", "stopped"),
        ],
      },
      { title: "Duration of executions", series: [executions("ExecutionDuration", "Maximum")] },
      { title: "Deployments", series: [...depths(deployQueues), ...failures(deployFunctionName)] },
    ],
  };
}

function endpoint({ endpointName, variantName }: DashboardSubjects): Section {
  const dimensions = { EndpointName: endpointName, VariantName: variantName };
  const invocations = of("AWS/SageMaker", dimensions);
  const instances = of("/aws/sagemaker/Endpoints", dimensions);
  return {
    title: "Endpoint",
    graphs: [
      {
        title: "Invocations",
        series: [
          invocations("Invocations", "Sum", "all"),
          invocations("Invocation4XXErrors", "Sum", "client errors"),
          invocations("Invocation5XXErrors", "Sum", "server errors"),
        ],
      },
      {
        title: "Latency, microseconds",
        series: [
          invocations("ModelLatency", "p50", "model, median"),
          invocations("ModelLatency", "p99", "model, 99%"),
          invocations("OverheadLatency", "p99", "SageMaker, 99%"),
        ],
      },
      {
        title: "Use of the instances, percent",
        series: [
          instances("CPUUtilization", "Maximum", "CPU"),
          instances("MemoryUtilization", "Maximum", "memory"),
          instances("DiskUtilization", "Maximum", "disk"),
        ],
      },
    ],
  };
}

function scorer({ scorerFunctionName, scorerQueues }: DashboardSubjects): Section {
  const calls = of("AWS/Lambda", { FunctionName: scorerFunctionName });
  const queue = of("AWS/SQS", { QueueName: scorerQueues.name });
  return {
    title: "Scorer of files",
    graphs: [
      { title: "Files that wait", series: depths(scorerQueues) },
      { title: "Age of the oldest file, seconds", series: [queue("ApproximateAgeOfOldestMessage", "Maximum")] },
      {
        title: "Calls",
        series: [calls("Invocations", "Sum", "all"), ...failures(scorerFunctionName), calls("Throttles", "Sum")],
      },
    ],
  };
}

function api({ apiName, apiStage }: DashboardSubjects): Section {
  const requests = of("AWS/ApiGateway", { ApiName: apiName, Stage: apiStage });
  return {
    title: "API",
    graphs: [
      {
        title: "Requests",
        series: [
          requests("Count", "Sum", "all"),
          requests("4XXError", "Sum", "client errors"),
          requests("5XXError", "Sum", "server errors"),
        ],
      },
      {
        title: "Latency, milliseconds",
        series: [
          requests("Latency", "p50", "median"),
          requests("Latency", "p99", "99%"),
          requests("IntegrationLatency", "p99", "function, 99%"),
        ],
      },
    ],
  };
}

function monitors({ endpointName }: DashboardSubjects): Section {
  const graph = (title: string, metric: string): Graph => ({
    title,
    series: monitorKinds.map((kind: MonitorKind) =>
      of(METRICS_NAMESPACE, monitorDimensions(endpointName, kind))(metric, "Sum", kind),
    ),
  });
  return {
    title: "Monitors",
    graphs: [
      graph("Violations", monitorMetrics.violations),
      graph("Jobs that failed", monitorMetrics.failed),
      graph("Signs of life", monitorMetrics.heartbeat),
      graph("Periods without captures or labels", monitorMetrics.empty),
    ],
  };
}

function depths({ name, deadLettersName }: QueueNames): Series[] {
  const visible = "ApproximateNumberOfMessagesVisible";
  return [
    of("AWS/SQS", { QueueName: name })(visible, "Maximum", "waiting"),
    of("AWS/SQS", { QueueName: name })("ApproximateNumberOfMessagesNotVisible", "Maximum", "under way"),
    of("AWS/SQS", { QueueName: deadLettersName })(visible, "Maximum", "dead letters"),
  ];
}

const failures = (FunctionName: string): Series[] => [
  of("AWS/Lambda", { FunctionName })("Errors", "Sum", "failed calls"),
];

/** The JSON of the dashboard: a heading and rows of graphs for each section. */
export function dashboardBody(subjects: DashboardSubjects): string {
  const widgets: object[] = [];
  let y = 0;
  for (const { title, graphs } of dashboardSections(subjects)) {
    widgets.push({ type: "text", x: 0, y, width: 24, height: 1, properties: { markdown: `## ${title}` } });
    y += 1;
    graphs.forEach((graph, index) => {
      const row = Math.floor(index / PER_ROW);
      const place = { x: (index % PER_ROW) * WIDTH, y: y + row * HEIGHT, width: WIDTH, height: HEIGHT };
      widgets.push({ type: "metric", ...place, properties: propertiesOf(graph, subjects.region) });
    });
    y += Math.ceil(graphs.length / PER_ROW) * HEIGHT;
  }
  return JSON.stringify({ widgets });
}

function propertiesOf({ title, series }: Graph, region: string): object {
  return {
    title,
    region,
    view: "timeSeries",
    stacked: false,
    period: PERIOD_SECONDS,
    yAxis: { left: { min: 0 } },
    metrics: series.map(({ namespace, metric, dimensions, stat, label }) => [
      namespace,
      metric,
      ...Object.entries(dimensions).flat(),
      { stat, ...(label === undefined ? {} : { label }) },
    ]),
  };
}
