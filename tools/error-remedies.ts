/** What to do about each error. The first rule whose pattern is in `<file>: <message>` holds. */
export interface Remedy {
  pattern: RegExp;
  /** What to do, in a sentence or two. */
  remedy: string;
}

const CONFIGURATION = "Correct the key in `Pulumi.<stack>.yaml` and preview again; nothing was changed.";
const PROGRAM = "Correct the argument where the component is made, and preview again; nothing was changed.";
const REPEATED =
  "Nothing: the message or event comes again by itself. If it ends among the dead letters, `npm run redrive` sends it back.";
const AWS_ANSWER =
  "Nothing at first: it is tried again. If it stays, look at AWS Health and at the function's log in CloudWatch.";
const TRAIN =
  "Run the pipeline once more (`npm run local -- deliver`, or the launcher's task): the new model has what is missing.";
const UP = "Run `pulumi up`: the function's environment, or what it refers to, is older than the program.";
const DATA = "Correct the file that the message names and upload it again; rows that were good are kept.";
const CALLER = "The caller corrects the request; the answer's `violations` say which field.";
const BUILD = "Run `npm run build` and try again.";
const ARTIFACT = "Train again: the model's archive is not what the training job wrote, or was cut on its way.";
const JOB =
  "Start the pipeline again; a step that fails a second time has its reason in the job's log, `/aws/sagemaker`.";
const MONITOR =
  "Correct the input that the message names (capture, labels, baseline or thresholds) and run the monitor on the period again: `npm run monitor`.";

export const REMEDIES: readonly Remedy[] = [
  { pattern: /train again/, remedy: TRAIN },
  { pattern: /npm run build|lost the image|was not built|are not those of/, remedy: BUILD },
  {
    pattern:
      /tried again|kept changing|another function|again and again|stayed unprocessed|is being written|is to be repeated/,
    remedy: REPEATED,
  },
  {
    pattern: /destroy again/,
    remedy: "Wait until the deployment or execution has ended, then `pulumi destroy` once more.",
  },
  { pattern: /^config\/|Pulumi\.….yaml|ecs\.\w+|api\.keys|stream\.schema/, remedy: CONFIGURATION },
  {
    pattern: /^components\/consume/,
    remedy:
      "Use the version of the package that the stack was brought up with, and the reference of a platform's stack.",
  },
  { pattern: /^components\//, remedy: PROGRAM },
  {
    pattern: /^delivery\//,
    remedy: "Look at the build's log in CodeBuild, mend what it says, and release the change again.",
  },
  { pattern: /^functions\/(inference|inference-health|authorize)\//, remedy: CALLER },
  { pattern: /^functions\/shared\/(environment|environment-credentials|no-event-streams)/, remedy: UP },
  {
    pattern: /^functions\/run-pipeline\/logic/,
    remedy: "Start the delivery again; `pulumi up` first, where a container is missing.",
  },
  {
    pattern: /^functions\/compare-shadow\/(compare|logic)\.ts: (model|package|the period)|^functions\/shared\/time/,
    remedy:
      "Give times such as 2026-11-21T13:00:00Z, `--from` before `--to`; deploy models that the pipeline has registered.",
  },
  {
    pattern: /^functions\/run-monitor\//,
    remedy: "Name a configured monitor and a period that has a length: `npm run monitor -- --help`.",
  },
  {
    pattern: /^functions\/promote-model\//,
    remedy:
      "Promote a package that is approved, by its number, and whose artifact is as it was registered: `npm run promote -- --help`.",
  },
  {
    pattern: /^functions\/shared\/live-model|serves nothing|does not say its threshold/,
    remedy: "Deploy a model that the pipeline has registered.",
  },
  { pattern: /^functions\/shared\/(evaluation-report|bias-baseline|decode)/, remedy: TRAIN },
  {
    pattern: /^functions\/shared\/mlflow|^jobs\/shared\/mlflow_run/,
    remedy: "See that the MLflow app is up and that the role may call it; a job goes on without telling MLflow.",
  },
  { pattern: /^functions\/(scorer|merge-labels)\/(rows|logic|objects|claims|predictions)/, remedy: DATA },
  {
    pattern: /^functions\/deploy-model\//,
    remedy: "Send the queue what docs/architecture.md describes for `deploy-model`.",
  },
  { pattern: /^functions\//, remedy: AWS_ANSWER },
  {
    pattern: /S3_RAW_DATA_KEY|raw data at|every object whose key|an object and a folder/,
    remedy: "Put the raw data where the launcher is told to look, or tell it: `S3_RAW_DATA_KEY`.",
  },
  {
    pattern: /^pipeline\/(launch|algorithms|hyperparameters)/,
    remedy: "Correct the variable or setting that the message names, and launch again; nothing was started.",
  },
  { pattern: /^pipeline\/(resume)/, remedy: "Give an execution of this pipeline that failed or was stopped." },
  {
    pattern: /^pipeline\/(compile|expressions|fraud-pipeline|job-code|images|spark-cluster|wheels)/,
    remedy: "Correct the pipeline's code or the version that is configured; nothing was started.",
  },
  { pattern: /^pipeline\//, remedy: AWS_ANSWER },
  {
    pattern: /^jobs\/extract\//,
    remedy: "Correct the secret, the table or the view, then resume the execution: the launcher's `--resume`.",
  },
  {
    pattern: /^jobs\/preprocess\//,
    remedy:
      "Upload transactions in the expected schema (`jobs/shared/transactions.py`), or correct `preprocess`; then launch again.",
  },
  {
    pattern: /frauds? among|classes are needed|holds no fraud/,
    remedy: "Launch with more data, or other split ratios: each split needs frauds and legitimate transactions.",
  },
  { pattern: /^jobs\/shared\/(trained_model|xgboost_model|lightgbm_model)/, remedy: ARTIFACT },
  { pattern: /^jobs\/monitor\//, remedy: MONITOR },
  { pattern: /^jobs\/serve\//, remedy: CALLER },
  { pattern: /^jobs\/shared\/wheels/, remedy: BUILD },
  { pattern: /^jobs\//, remedy: JOB },
];
