// Statements of roles' policies that the loop of `npm start` has no need of, each with the reason. A role is named as the
// program names it; actions are those of one statement.
import { unneeded, type CallRecord, type RoleStatement } from "../../local/iam/calls";

interface Unreached {
  role: RegExp;
  /** Of the statement's first action. */
  action: RegExp;
  /** Why, and which test does what the statement is for, where one does. */
  because: string;
}

/** What the loop does not do. */
const UNREACHED: readonly Unreached[] = [
  {
    role: /^endpoint-teardown$/,
    action: /./,
    because:
      "it acts when the stack is destroyed, and the loop ends before: test/functions/platform.test.ts (teardown), " +
      "test/local/engine/platform.test.ts",
  },
  { role: /^ci-/, action: /./, because: "nothing is delivered: test/local/codepipeline/delivery.test.ts" },
  {
    role: /^endpoint-model$/,
    action: /./,
    because:
      "the pipeline makes the loop's model, under its own role; models made of approved packages run under this one: " +
      "test/functions/deploy-model.test.ts",
  },
  {
    role: /^registry-mlflow$/,
    action: /./,
    because: "MLflow's server is no service of AWS here: it keeps its artifacts on this machine",
  },
  {
    role: /-scheduler$/,
    action: /./,
    because: "whether a schedule fires during the loop depends on the clock: test/local/ecs/test_schedules.py",
  },
  {
    role: /./,
    action: /^s3:ListBucket$/,
    because: "S3 says that an object is missing, and not that it may not be read, to those who may list",
  },
  {
    role: /^(monitors-(run|settle)|endpoint-settle)$/,
    action: /^sqs:SendMessage$/,
    because: "a message goes to the dead letters when a function fails: test/functions/platform.test.ts",
  },
  {
    role: /^endpoint-(deploy|settle)$/,
    action: /^sqs:SendMessage$/,
    because: "a deployment that waits for another is woken: test/functions/platform.test.ts",
  },
  {
    role: /^endpoint-settle$/,
    action: /^sagemaker:(DescribeEndpointConfig|DeleteEndpointConfig|UpdateModelPackage)$/,
    because:
      "old versions go, and a package is rejected, from the second deployment on: test/functions/platform.test.ts",
  },
  {
    role: /^endpoint-deploy$/,
    action:
      /^(sagemaker:(SendPipelineExecutionStepSuccess|DeleteEndpointConfig|UpdateEndpointWeightsAndCapacities|DescribeModelPackage|CallMlflowAppApi|UpdateModelPackage|DeleteEndpoint|CreateModel)|cloudwatch:\w+|application-autoscaling:\w+|iam:\w+)$/,
    because:
      "refusals, packages that are deployed without a pipeline, rollouts beside alarms, and settlements that were due " +
      "meanwhile: test/functions/deploy-model.test.ts, test/functions/rollout-alarms.test.ts, test/functions/platform.test.ts",
  },
  {
    role: /^endpoint-request$/,
    action: /^(sqs:SendMessage|sagemaker:DescribeEndpointConfig)$/,
    because: "the first `pulumi up` finds no endpoint whose settings could change: test/e2e/changed-settings.ts",
  },
  {
    role: /^training-sagemaker$/,
    action: /^cloudwatch:DescribeAlarms$/,
    because: "a rollout is watched from the second deployment on: test/local/sagemaker/test_endpoints_rollouts.py",
  },
  {
    role: /^monitors-job$/,
    action: /^cloudwatch:PutMetricData$/,
    because: "SageMaker puts metrics of a job's instances on AWS alone",
  },
  {
    role: /^training-champion$/,
    action: /^(s3:GetObject|sagemaker:DescribeModelPackage)$/,
    because: "the first model has no champion to be compared with: it is the second run of test/e2e/start.test.ts",
  },
  {
    role: /^stream-scorer$/,
    action: /^(sqs:ChangeMessageVisibility|sagemaker:(Describe|Create)\w+)$/,
    because: "the loop's files are small, and large ones are left to Batch Transform: test/e2e/transformed-file.ts",
  },
  { role: /^training-gate$/, action: /^sns:Publish$/, because: "no model is refused: the second run of start.test.ts" },
];

/** The role's name without the ending that the engine gives it. */
const plain = (role: string): string => role.replace(/-[0-9a-f]{7}$/, "");

const describe = ({ role, actions }: RoleStatement): string => `${plain(role)}: ${actions.join(", ")}`;

const explains =
  ({ role, action }: Unreached) =>
  (statement: RoleStatement): boolean =>
    role.test(plain(statement.role)) && action.test(statement.actions[0] ?? "");

/** Statements that nothing needed, and that no reason is given for. */
export function unexplained(record: CallRecord): string[] {
  return unneeded(record)
    .filter((statement) => !UNREACHED.some((each) => explains(each)(statement)))
    .map(describe);
}

/** Reasons for statements that no role has any more. */
export function outdated({ statements }: CallRecord): string[] {
  return UNREACHED.filter((each) => !each.role.test("ci-") && !statements.some(explains(each))).map(
    ({ because }) => because,
  );
}

/** Calls that were refused; of those that the loop makes there are none. */
export function refused({ calls }: CallRecord): string[] {
  return calls
    .filter(({ decision }) => decision !== "Allow")
    .map(({ role, action, resource }) => `${plain(role)}: ${action} on ${resource}`);
}
