import { expect } from "chai";
import { CostBudget } from "../../components/cost-budget";
import { Dashboard } from "../../components/dashboard";
import { dashboardBody, dashboardSections, type DashboardSubjects } from "../../components/dashboard-body";
import { InferenceApi } from "../../components/inference-api";
import { StreamScorer } from "../../components/stream-scorer";
import { monitorMetrics } from "../../functions/shared/monitors";
import { minimal, valid } from "../config/samples";
import { endpointOn, foundations } from "./support/foundations";
import { everythingRegistered, inputsOf, startRecording } from "./support/mocks";

const SUBJECTS: DashboardSubjects = {
  region: "eu-west-1",
  pipelineName: "fraud-training",
  endpointName: "fraud-scores",
  variantName: "main",
  deployQueues: { name: "deploy", deadLettersName: "deploy-dead-letters" },
  deployFunctionName: "deploy-model",
  scorerFunctionName: "scorer",
  scorerQueues: { name: "files", deadLettersName: "files-dead-letters" },
  apiName: "fraud-prod-api",
  apiStage: "v1",
};

interface Documented {
  /** One page of AWS's, or the module of ours, that names the metrics. */
  source: string;
  dimensions: readonly string[];
  metrics: readonly string[];
}

/** Metrics that are put without anybody asking, by namespace: AWS's, by its documentation, and the platform's own. */
const DOCUMENTED: Record<string, Documented> = {
  "AWS/Sagemaker/ModelBuildingPipeline": {
    source: "https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html",
    dimensions: ["PipelineName"],
    metrics: ["ExecutionStarted", "ExecutionFailed", "ExecutionSucceeded", "ExecutionStopped", "ExecutionDuration"],
  },
  "AWS/SageMaker": {
    source: "https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html",
    dimensions: ["EndpointName", "VariantName"],
    metrics: [
      "Invocation4XXErrors",
      "Invocation5XXErrors",
      "InvocationModelErrors",
      "Invocations",
      "InvocationsPerInstance",
      "ModelLatency",
      "ModelSetupTime",
      "OverheadLatency",
    ],
  },
  "/aws/sagemaker/Endpoints": {
    source: "https://docs.aws.amazon.com/sagemaker/latest/dg/monitoring-cloudwatch.html",
    dimensions: ["EndpointName", "VariantName"],
    metrics: ["CPUUtilization", "MemoryUtilization", "DiskUtilization"],
  },
  "AWS/Lambda": {
    source: "https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html",
    dimensions: ["FunctionName"],
    metrics: ["Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions", "DeadLetterErrors"],
  },
  "AWS/SQS": {
    source:
      "https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html",
    dimensions: ["QueueName"],
    metrics: [
      "ApproximateAgeOfOldestMessage",
      "ApproximateNumberOfMessagesDelayed",
      "ApproximateNumberOfMessagesNotVisible",
      "ApproximateNumberOfMessagesVisible",
    ],
  },
  "AWS/ApiGateway": {
    source: "https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-metrics-and-dimensions.html",
    dimensions: ["ApiName", "Stage"],
    metrics: ["4XXError", "5XXError", "Count", "IntegrationLatency", "Latency"],
  },
  FraudPlatform: {
    source: "functions/shared/monitors.ts",
    dimensions: ["Endpoint", "Monitor"],
    metrics: Object.values(monitorMetrics),
  },
};

interface Widget {
  type: string;
  x: number;
  y: number;
  width: number;
  height: number;
  properties: { title?: string; metrics?: unknown[][] };
}
const widgetsOf = (body: string) => (JSON.parse(body) as { widgets: Widget[] }).widgets;

describe("the dashboard of a stack", () => {
  it("has pipeline, endpoint, scorer, API and monitors, each with graphs", () => {
    const sections = dashboardSections(SUBJECTS);
    expect(sections.map(({ title }) => title)).to.deep.equal([
      "Pipeline and deployments",
      "Endpoint",
      "Scorer of files",
      "API",
      "Monitors",
    ]);
    for (const { title, graphs } of sections) expect(graphs, title).to.have.length.greaterThan(1);
  });

  it("shows metrics that AWS documents, or that a function of ours puts, by the dimensions that they have", () => {
    for (const { title, series } of dashboardSections(SUBJECTS).flatMap(({ graphs }) => graphs)) {
      for (const { namespace, metric, dimensions } of series) {
        const documented = DOCUMENTED[namespace];
        expect(documented?.metrics, `${title}: ${namespace} ${metric}`).to.include(metric);
        expect(Object.keys(dimensions), `${title}: ${namespace}`).to.have.members([...(documented?.dimensions ?? [])]);
        expect(Object.values(dimensions).every((value) => value.length > 0)).to.equal(true);
      }
    }
  });

  it("lays widgets out on CloudWatch's grid of 24, none over another", () => {
    const widgets = widgetsOf(dashboardBody(SUBJECTS));
    expect(widgets).to.have.length.within(10, 500);
    const taken = new Set<string>();
    for (const { x, y, width, height } of widgets) {
      expect(x + width).to.be.at.most(24);
      for (let column = x; column < x + width; column++) {
        for (let row = y; row < y + height; row++) {
          expect(taken.has(`${column} ${row}`), `column ${column}, row ${row}`).to.equal(false);
          taken.add(`${column} ${row}`);
        }
      }
    }
  });

  it("is made with the names of the stack's own resources", async () => {
    await startRecording();
    const base = foundations();
    const endpoint = endpointOn(base);
    const stream = new StreamScorer("stream", {
      ...base,
      endpoint,
      stream: valid(minimal).stream,
      jobNamePrefix: "fraud",
      runTimeTags: { project: "fraud" },
    });
    const api = new InferenceApi("api", {
      endpoint,
      registry: base.registry,
      api: { authorizer: { type: "none" }, keys: ["client"], rateLimitPerSecond: 1, burstLimit: 1, quotaPerDay: 1 },
    });
    new Dashboard("dashboard", { pipelineName: "fraud-training", endpoint, stream, api });
    await everythingRegistered();
    const { dashboardName, dashboardBody: body } = inputsOf(
      "aws:cloudwatch/dashboard:Dashboard",
      "dashboard-dashboard",
    );
    expect(dashboardName).to.equal("fraud-local");
    const text = widgetsOf(String(body))
      .flatMap(({ properties }) => properties.metrics ?? [])
      .map((metric) => metric.filter((part) => typeof part === "string").join(" "));
    expect(text).to.include.members([
      "AWS/Lambda Errors FunctionName stream-scorer-function",
      "AWS/Lambda Errors FunctionName endpoint-deploy-function",
      "AWS/SQS ApproximateNumberOfMessagesVisible QueueName stream-files-dead-letters-queue",
      "AWS/SQS ApproximateNumberOfMessagesVisible QueueName endpoint-deploy-queue",
      "AWS/ApiGateway Count ApiName fraud-local-api Stage v1",
      "AWS/SageMaker Invocations EndpointName Fraud-Scores VariantName main",
      "AWS/Sagemaker/ModelBuildingPipeline ExecutionFailed PipelineName fraud-training",
      "FraudPlatform MonitorViolations Endpoint Fraud-Scores Monitor model-bias",
    ]);
  });
});

describe("the budget of a stack", () => {
  it("counts what carries the stack's tag, and tells the topic at 80% spent and at a forecast above all of it", async () => {
    await startRecording();
    const { alerts } = foundations();
    const tags = { project: "fraud", stack: "local" };
    new CostBudget("budget", { alerts, monthlyUsd: 1234.5, tags });
    await everythingRegistered();
    const notification = {
      thresholdType: "PERCENTAGE",
      comparisonOperator: "GREATER_THAN",
      subscriberSnsTopicArns: ["arn:aws:sns:eu-west-1:123456789012:alerts-topic"],
    };
    expect(inputsOf("aws:budgets/budget:Budget", "budget-budget")).to.deep.equal({
      budgetType: "COST",
      timeUnit: "MONTHLY",
      limitAmount: "1234.5",
      limitUnit: "USD",
      costFilters: [{ name: "TagKeyValue", values: ["user:stack$local"] }],
      notifications: [
        { ...notification, notificationType: "ACTUAL", threshold: 80 },
        { ...notification, notificationType: "FORECASTED", threshold: 100 },
      ],
      tags,
    });
  });
});
