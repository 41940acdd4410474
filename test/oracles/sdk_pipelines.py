"""The pipelines of print-definitions.ts, written for the SageMaker Python SDK as its users write them."""

from datetime import datetime, timezone

import boto3
from botocore.stub import Stubber
from sagemaker.estimator import Estimator
from sagemaker.inputs import TrainingInput
from sagemaker.lambda_helper import Lambda
from sagemaker.model import Model
from sagemaker.network import NetworkConfig
from sagemaker.processing import ProcessingInput, ProcessingOutput, Processor
from sagemaker.workflow.callback_step import CallbackOutput, CallbackOutputTypeEnum, CallbackStep
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import (
    ConditionEquals,
    ConditionGreaterThan,
    ConditionGreaterThanOrEqualTo,
    ConditionIn,
    ConditionLessThan,
    ConditionLessThanOrEqualTo,
    ConditionNot,
    ConditionOr,
)
from sagemaker.workflow.execution_variables import ExecutionVariables
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.lambda_step import LambdaOutput, LambdaOutputTypeEnum, LambdaStep
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterBoolean, ParameterFloat, ParameterInteger, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.pipeline_definition_config import PipelineDefinitionConfig
from sagemaker.workflow.pipeline_experiment_config import PipelineExperimentConfig
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.retry import (
    SageMakerJobExceptionTypeEnum,
    SageMakerJobStepRetryPolicy,
    StepExceptionTypeEnum,
    StepRetryPolicy,
)
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.xgboost import XGBoost

REGION = "eu-west-1"
ROLE = "arn:aws:iam::123456789012:role/sagemaker"
KEY = "arn:aws:kms:eu-west-1:123456789012:key/0000"
FUNCTION = "arn:aws:lambda:eu-west-1:123456789012:function:f"
IMAGE = "123456789012.dkr.ecr.eu-west-1.amazonaws.com/image:1"


def offline_session() -> PipelineSession:
    """A session that calls nobody: a pipeline whose code is in S3 already compiles without AWS."""
    boto_session = boto3.Session(region_name=REGION, aws_access_key_id="none", aws_secret_access_key="none")
    config = {"SchemaVersion": "1.0", "SageMaker": {"PythonSDK": {"Modules": {"TelemetryOptOut": True}}}}
    session = PipelineSession(boto_session=boto_session, default_bucket="bucket", sagemaker_config=config)
    # All that the SDK asks for: whether the bucket is there.
    session.s3_resource = boto_session.resource("s3")
    s3 = Stubber(session.s3_resource.meta.client)
    s3.add_response(
        "list_buckets", {"Buckets": [{"Name": "bucket", "CreationDate": datetime(2026, 1, 1, tzinfo=timezone.utc)}]}
    )
    s3.activate()
    return session


def compiled(session: PipelineSession, parameters: list, steps: list, experiment=None, *, prefixes=False) -> str:
    """The definition; with ``prefixes`` the names given to jobs and models begin the names of those that they make."""
    return Pipeline(
        name="pipeline",
        parameters=parameters,
        steps=steps,
        sagemaker_session=session,
        pipeline_experiment_config=experiment,
        pipeline_definition_config=PipelineDefinitionConfig(use_custom_job_prefix=prefixes),
    ).definition()


def tags(**values) -> list[dict]:
    return [{"Key": key, "Value": values[key]} for key in sorted(values)]


def function(
    session: PipelineSession, name: str, arn: str, inputs: dict, outputs: dict[str, str], **more
) -> LambdaStep:
    typed = [LambdaOutput(key, LambdaOutputTypeEnum(value=kind)) for key, kind in outputs.items()]
    return LambdaStep(
        name=name, lambda_func=Lambda(function_arn=arn, session=session), inputs=inputs, outputs=typed, **more
    )


def asking(name: str, queue: str, inputs: dict, outputs: dict[str, str], **more) -> CallbackStep:
    typed = [CallbackOutput(key, CallbackOutputTypeEnum(value=kind)) for key, kind in outputs.items()]
    return CallbackStep(name=name, sqs_queue_url=queue, inputs=inputs, outputs=typed, **more)


def s3_output(step: ProcessingStep, name: str):
    return step.properties.ProcessingOutputConfig.Outputs[name].S3Output.S3Uri


def fraud(
    session: PipelineSession,
    *,
    approval: str = "auto",
    key: str | None = None,
    from_database: bool = False,
    on_spark: bool = False,
) -> str:
    execution_id = ParameterString("ExecutionId")
    raw_data_uri = ParameterString("RawDataUri")
    raw_data_version = ParameterString("RawDataVersion", default_value="unversioned")
    legitimate_weight = ParameterFloat("LegitimateWeight", default_value=1.0)
    retries = [
        StepRetryPolicy(
            exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
            interval_seconds=5,
            backoff_rate=2,
            max_attempts=5,
        ),
        SageMakerJobStepRetryPolicy(
            exception_types=[
                SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
                SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT,
            ],
            interval_seconds=60,
            backoff_rate=2,
            expire_after_mins=120,
        ),
    ]
    job_tags = tags(execution_id=execution_id, pipeline="fraud-test", project="fraud")
    folder = "/opt/ml/processing"
    registry = "141502667606.dkr.ecr.eu-west-1.amazonaws.com"
    xgboost_image = f"{registry}/sagemaker-xgboost:3.0-5"

    def of_execution(*folders: str) -> Join:
        return Join(on="/", values=["s3://bucket/fraud", execution_id, *folders])

    def processor(task: str, image: str, program: str, env: dict | None = None, **more) -> Processor:
        usual = dict(
            role=ROLE,
            image_uri=image,
            instance_count=1,
            instance_type="ml.m5.large",
            entrypoint=["python3", f"{folder}/input/code/run_job.py"],
            env={"JOB_PROGRAM": program, **(env or {})},
            max_runtime_in_seconds=7200,
            base_job_name=f"fraud-test-{task}",
            output_kms_key=key,
            tags=job_tags,
            sagemaker_session=session,
        )
        return Processor(**{**usual, **more})

    def split(name: str) -> ProcessingOutput:
        return ProcessingOutput(
            source=f"{folder}/output/{name}", destination=of_execution("processed", name), output_name=name
        )

    def given(name: str, source, path: str) -> ProcessingInput:
        return ProcessingInput(source=source, destination=f"{folder}/input/{path}", input_name=name)

    sklearn_image = f"{registry}/sagemaker-scikit-learn:1.4-2-cpu-py3"
    extract = ProcessingStep(
        name="Extract",
        step_args=processor(
            "extract",
            sklearn_image,
            "extract.py",
            role="arn:aws:iam::123456789012:role/extract",
            network_config=NetworkConfig(
                security_group_ids=["sg-00000000000000001"],
                subnets=["subnet-00000000000000001", "subnet-00000000000000002"],
            ),
        ).run(
            inputs=[
                given("roots", "s3://bucket/fraud/tls/roots.pem", "roots"),
                given("code", "s3://bucket/fraud/scripts/d", "code"),
            ],
            outputs=[
                ProcessingOutput(
                    source=f"{folder}/output/{name}", destination=of_execution("extracted", name), output_name=name
                )
                for name in ("rows", "report")
            ],
            arguments=[
                *("--host", "db.example.eu-west-1.rds.amazonaws.com", "--port", "3306"),
                *("--database", "credit_fraud", "--table", "transactions"),
                *("--secret-arn", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:reader-AbCdEf"),
                *("--ca-bundle", f"{folder}/input/roots/roots.pem", "--output", f"{folder}/output"),
                *("--message-file", "/opt/ml/output/message"),
            ],
        ),
        retry_policies=retries,
    )
    raw = s3_output(extract, "rows") if from_database else raw_data_uri
    version = {} if from_database else {"RAW_DATA_VERSION": raw_data_version}
    if on_spark:
        scripts = f"{folder}/input/code"
        submit = ["smspark-submit", "--py-files", scripts, f"{scripts}/preprocess_spark.py"]
        preprocessor = processor(
            "preprocess",
            "571004829621.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312",
            "",
            instance_type="ml.m5.xlarge",
            instance_count=3,
            entrypoint=["python3", f"{scripts}/submit.py", "/opt/ml/output/reason", "/opt/ml/output/message", *submit],
        )
        preprocessor.env = version
    else:
        preprocessor = processor("preprocess", sklearn_image, "preprocess.py", env=version)
    preprocess = ProcessingStep(
        name="Preprocess",
        step_args=preprocessor.run(
            inputs=[
                given("raw", raw, "raw"),
                given("code", "s3://bucket/fraud/scripts/a", "code"),
                *([given("conf", "s3://bucket/fraud/scripts/f", "conf")] if on_spark else []),
            ],
            outputs=[split("train"), split("validation"), split("test"), split("report")],
            arguments=[
                *("--input", f"{folder}/input/raw", "--output", f"{folder}/output"),
                *("--train-ratio", "0.6", "--validation-ratio", "0.2", "--test-ratio", "0.2"),
                *("--split", "temporal", "--seed", "7"),
                *("--message-file", "/opt/ml/output/reason" if on_spark else "/opt/ml/output/message"),
            ],
        ),
        retry_policies=retries,
        cache_config=None if from_database else CacheConfig(enable_caching=True, expire_after="P30D"),
    )
    tracking = {
        "MLFLOW_ARN": "arn:aws:sagemaker:eu-west-1:123456789012:mlflow-app/app-TEST",
        "MLFLOW_EXPERIMENT_NAME": "fraud-test",
        "EXECUTION_ID": execution_id,
    }
    train = TrainingStep(
        name="Train",
        step_args=XGBoost(
            entry_point="run_job.py",
            source_dir="s3://bucket/fraud/scripts/c/sourcedir.tar.gz",
            code_location="s3://bucket/fraud/scripts",
            framework_version="3.0-5",
            hyperparameters={
                "eta": 0.05,
                "max_depth": 4,
                "objective": "binary:logistic",
                "legitimate_weight": Join(on="", values=[legitimate_weight]),
                "false_positive_cost": 5,
                "seed": 7,
            },
            role=ROLE,
            instance_count=1,
            instance_type="ml.m5.xlarge",
            max_run=3600,
            base_job_name="fraud-test-train",
            output_path=of_execution("model"),
            output_kms_key=key,
            metric_definitions=[
                {"Name": "validation:auc", "Regex": "^validation-auc=([0-9.]+)$"},
                {"Name": "validation:aucpr", "Regex": "^validation-aucpr=([0-9.]+)$"},
            ],
            environment={"JOB_PROGRAM": "train_xgboost.py", **tracking},
            tags=job_tags,
            debugger_hook_config=False,
            disable_profiler=True,
            sagemaker_session=session,
        ).fit(
            {
                name: TrainingInput(s3_output(preprocess, name), content_type="text/csv")
                for name in ("train", "validation")
            }
        ),
        retry_policies=retries,
    )
    artifact = train.properties.ModelArtifacts.S3ModelArtifacts
    champion = function(
        session,
        "Champion",
        "arn:aws:lambda:eu-west-1:123456789012:function:find-champion",
        {"executionId": execution_id, "championUri": of_execution("champion")},
        {"status": "String", "championUri": "String"},
        depends_on=[train],
    )
    evaluate = ProcessingStep(
        name="Evaluate",
        step_args=processor("evaluate", xgboost_image, "evaluate.py", env=tracking).run(
            inputs=[
                given("model", artifact, "model"),
                given("champion", champion.properties.Outputs["championUri"], "champion"),
                given("test", s3_output(preprocess, "test"), "test"),
                given("code", "s3://bucket/fraud/scripts/b", "code"),
            ],
            outputs=[
                ProcessingOutput(
                    source=f"{folder}/output/evaluation",
                    destination=of_execution("evaluation"),
                    output_name="evaluation",
                )
            ],
            arguments=[
                *("--model", f"{folder}/input/model", "--champion", f"{folder}/input/champion"),
                *("--test", f"{folder}/input/test"),
                *("--output", f"{folder}/output/evaluation"),
                *("--legitimate-weight", Join(on="", values=[legitimate_weight])),
                *("--bootstrap-samples", "1000", "--seed", "7", "--message-file", "/opt/ml/output/message"),
            ],
        ),
        property_files=[PropertyFile(name="EvaluationReport", output_name="evaluation", path="evaluation.json")],
        retry_policies=retries,
    )
    baselines = ProcessingStep(
        name="Baselines",
        step_args=processor("baselines", xgboost_image, "baselines.py").run(
            inputs=[
                given("model", artifact, "model"),
                given("train", s3_output(preprocess, "train"), "train"),
                given("test", s3_output(preprocess, "test"), "test"),
                given("code", "s3://bucket/fraud/scripts/d", "code"),
            ],
            outputs=[
                ProcessingOutput(
                    source=f"{folder}/output/baselines",
                    destination=of_execution("baselines"),
                    output_name="baselines",
                )
            ],
            arguments=[
                *("--model", f"{folder}/input/model", "--train", f"{folder}/input/train"),
                *("--test", f"{folder}/input/test", "--output", f"{folder}/output/baselines"),
                *("--legitimate-weight", Join(on="", values=[legitimate_weight])),
                *("--seed", "7", "--message-file", "/opt/ml/output/message"),
            ],
        ),
        retry_policies=retries,
    )
    evaluation_uri = Join(on="/", values=[s3_output(evaluate, "evaluation"), "evaluation.json"])
    gate = function(
        session,
        "Gate",
        "arn:aws:lambda:eu-west-1:123456789012:function:gate-model",
        {
            "evaluationUri": evaluation_uri,
            "rocAucMin": 0.93,
            "auprcMin": 0.6,
            "recallAtFpr001Min": 0,
            "championMargin": 0.01,
            "unloadableChampion": "refuse",
            "gitRevision": "0123abc",
            "pipelineExecutionArn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "executionId": execution_id,
        },
        {"passed": "String", "reason": "String"},
        depends_on=[baselines],
    )
    serving = {
        "SAGEMAKER_PROGRAM": "inference.py",
        "SAGEMAKER_DEFAULT_INVOCATIONS_ACCEPT": "*/*",
        "SAGEMAKER_SUBMIT_DIRECTORY": "/opt/ml/model/code",
        "SAGEMAKER_CONTAINER_LOG_LEVEL": "20",
        "SAGEMAKER_REGION": REGION,
    }
    register = function(
        session,
        "Register",
        "arn:aws:lambda:eu-west-1:123456789012:function:register-model",
        {
            "executionId": execution_id,
            "pipelineExecutionArn": ExecutionVariables.PIPELINE_EXECUTION_ARN,
            "evaluationUri": evaluation_uri,
            "baselinesUri": s3_output(baselines, "baselines"),
            "goldenUri": Join(on="/", values=[s3_output(evaluate, "evaluation"), "golden"]),
            "modelArtifactUri": artifact,
            "image": xgboost_image,
            "algorithm": "xgboost",
            "gitRevision": "0123abc",
            "environment": serving,
        },
        {"modelPackageArn": "String", "mlflowModelVersion": "String"},
    )
    package = register.properties.Outputs["modelPackageArn"]
    create = ModelStep(
        name="CreateModel",
        step_args=Model(
            image_uri=xgboost_image,
            model_data=artifact,
            role=ROLE,
            env={**serving, "FRAUD_MODEL_PACKAGE_ARN": package},
            name="fraud-test",
            sagemaker_session=session,
        ).create(tags=job_tags),
        retry_policies=retries[:1],
    )
    deploy = asking(
        "Deploy",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/deploy",
        {"modelName": create.properties.ModelName, "modelPackageArn": package},
        {"endpointConfigName": "String"},
    )
    decision = ConditionStep(
        name="GateDecision",
        conditions=[ConditionEquals(left=gate.properties.Outputs["passed"], right="true")],
        if_steps=[register, create, deploy] if approval == "auto" else [register],
        else_steps=[FailStep(name="Refused", error_message=gate.properties.Outputs["reason"])],
    )
    return compiled(
        session,
        [execution_id, *([] if from_database else [raw_data_uri, raw_data_version]), legitimate_weight],
        [*([extract] if from_database else []), preprocess, train, champion, evaluate, baselines, gate, decision],
        prefixes=True,
    )


def parameters(session: PipelineSession) -> str:
    name = ParameterString("Name")
    kind = ParameterString("Kind", default_value="a", enum_values=["a", "b"])
    count = ParameterInteger("Count", default_value=0)
    wanted = ParameterInteger("Wanted")
    weight = ParameterFloat("Weight", default_value=1.5)
    share = ParameterFloat("Share")
    loud = ParameterBoolean("Loud", default_value=False)
    quiet = ParameterBoolean("Quiet")
    inputs = {
        "name": name,
        "nested": {"list": [kind, 1, "text", True, {"count": count}], "wanted": wanted},
        "joined": Join(on="-", values=["a", weight, 1, Join(on="", values=[loud])]),
        "text": share.to_string(),
        "quiet": quiet,
        "start": ExecutionVariables.START_DATETIME,
        "now": ExecutionVariables.CURRENT_DATETIME,
        "pipeline": ExecutionVariables.PIPELINE_NAME,
        "arn": ExecutionVariables.PIPELINE_ARN,
        "id": ExecutionVariables.PIPELINE_EXECUTION_ID,
        "execution": ExecutionVariables.PIPELINE_EXECUTION_ARN,
    }
    experiment = PipelineExperimentConfig(
        ExecutionVariables.PIPELINE_NAME, Join(on="-", values=["trial", ExecutionVariables.PIPELINE_EXECUTION_ID])
    )
    every = [name, kind, count, wanted, weight, share, loud, quiet]
    return compiled(session, every, [function(session, "Call", FUNCTION, inputs, {})], experiment)


def jobs(session: PipelineSession) -> str:
    instances = ParameterInteger("Instances", default_value=2)
    instance_type = ParameterString("InstanceType", default_value="ml.m5.large")
    raw = ParameterString("Raw")
    prepare = ProcessingStep(
        name="Prepare",
        display_name="Prepare it",
        description="Splits the rows",
        step_args=Processor(
            role=ROLE,
            image_uri=IMAGE,
            instance_count=instances,
            instance_type=instance_type,
            volume_size_in_gb=50,
            base_job_name="prepare",
            max_runtime_in_seconds=600,
            entrypoint=["python3", "/opt/ml/processing/input/code/prepare.py"],
            env={"RAW": raw, "LEVEL": "1"},
            output_kms_key=KEY,
            tags=tags(a="1", b=raw),
            sagemaker_session=session,
        ).run(
            inputs=[
                ProcessingInput(source=raw, destination="/opt/ml/processing/raw", input_name="raw"),
                ProcessingInput(
                    source="s3://bucket/code/prepare.py",
                    destination="/opt/ml/processing/input/code",
                    input_name="code",
                ),
            ],
            outputs=[
                ProcessingOutput(
                    source="/opt/ml/processing/train",
                    destination=Join(on="/", values=["s3://bucket", ExecutionVariables.PIPELINE_EXECUTION_ID]),
                    output_name="train",
                ),
                ProcessingOutput(
                    source="/opt/ml/processing/report", destination="s3://bucket/report", output_name="report"
                ),
            ],
            arguments=["--rows", instances.to_string(), "--from", raw],
        ),
        property_files=[
            PropertyFile(name="Report", output_name="report", path="report.json"),
            PropertyFile(name="Other", output_name="report", path="deep/other.json"),
        ],
        retry_policies=[
            StepRetryPolicy(
                exception_types=[StepExceptionTypeEnum.SERVICE_FAULT, StepExceptionTypeEnum.THROTTLING],
                interval_seconds=1,
                backoff_rate=1.5,
                max_attempts=3,
            ),
            SageMakerJobStepRetryPolicy(
                exception_types=[
                    SageMakerJobExceptionTypeEnum.INTERNAL_ERROR,
                    SageMakerJobExceptionTypeEnum.CAPACITY_ERROR,
                    SageMakerJobExceptionTypeEnum.RESOURCE_LIMIT,
                ],
                interval_seconds=60,
                backoff_rate=2,
                expire_after_mins=30,
            ),
        ],
        cache_config=CacheConfig(enable_caching=True, expire_after="PT1H"),
    )
    plain = ProcessingStep(
        name="Plain",
        step_args=Processor(
            role=ROLE,
            image_uri=IMAGE,
            instance_count=1,
            instance_type="ml.m5.large",
            entrypoint=["true"],
            base_job_name="plain",
            sagemaker_session=session,
        ).run(),
        depends_on=[prepare],
    )
    train = TrainingStep(
        name="Train",
        step_args=Estimator(
            image_uri=IMAGE,
            role=ROLE,
            instance_count=instances,
            instance_type=instance_type,
            volume_size=10,
            base_job_name="mine",
            hyperparameters={"eta": 0.1, "rounds": instances},
            output_path="s3://bucket/model",
            output_kms_key=KEY,
            metric_definitions=[
                {"Name": "auc", "Regex": "auc=([0-9.]+)"},
                {"Name": "loss", "Regex": "loss=([0-9.]+)"},
            ],
            environment={"LEVEL": "1"},
            tags=tags(a="1"),
            debugger_hook_config=False,
            disable_profiler=True,
            sagemaker_session=session,
        ).fit(
            {
                "train": TrainingInput(s3_output(prepare, "train"), content_type="text/csv"),
                "extra": TrainingInput("s3://bucket/extra"),
            }
        ),
        cache_config=CacheConfig(enable_caching=True, expire_after="P30D"),
        depends_on=[plain],
    )
    create = ModelStep(
        name="Create",
        display_name="Create it",
        description="For the endpoint",
        step_args=Model(
            image_uri=IMAGE,
            model_data=train.properties.ModelArtifacts.S3ModelArtifacts,
            role=ROLE,
            env={"LEVEL": "1", "NAME": train.properties.TrainingJobName},
            name="mine",
            sagemaker_session=session,
        ).create(tags=tags(a="1")),
        retry_policies=[
            StepRetryPolicy(
                exception_types=[StepExceptionTypeEnum.THROTTLING], interval_seconds=1, backoff_rate=2, max_attempts=2
            )
        ],
        depends_on=[prepare],
    )
    seconds = prepare.properties.StoppingCondition.MaxRuntimeInSeconds
    use = function(session, "Use", FUNCTION, {"model": create.properties.ModelName, "seconds": seconds}, {})
    return compiled(session, [instances, instance_type, raw], [prepare, plain, train, create, use], prefixes=True)


def control(session: PipelineSession) -> str:
    score = ProcessingStep(
        name="Score",
        step_args=Processor(
            role=ROLE,
            image_uri=IMAGE,
            instance_count=1,
            instance_type="ml.m5.large",
            entrypoint=["true"],
            sagemaker_session=session,
        ).run(
            outputs=[
                ProcessingOutput(
                    source="/opt/ml/processing/report", destination="s3://bucket/report", output_name="report"
                )
            ]
        ),
        property_files=[PropertyFile(name="Report", output_name="report", path="report.json")],
    )
    day = CacheConfig(enable_caching=True, expire_after="P1D")
    decide = function(
        session,
        "Decide",
        FUNCTION,
        {"report": s3_output(score, "report")},
        {"verdict": "String", "count": "Integer", "share": "Float", "sure": "Boolean"},
        display_name="Decide it",
        description="By the figures",
        cache_config=day,
    )
    decided = decide.properties.Outputs
    ask = asking(
        "Ask",
        "https://sqs.eu-west-1.amazonaws.com/123456789012/q",
        {"verdict": decided["verdict"]},
        {"answer": "String", "score": "Float"},
        display_name="Ask it",
        description="Somebody answers",
        cache_config=day,
        depends_on=[score],
    )
    answered = ask.properties.Outputs
    auc = JsonGet(step_name="Score", property_file="Report", json_path="metrics['roc auc'][0].value")
    neither = FailStep(
        name="Neither", error_message="neither a nor b", display_name="No", description="Not one of them"
    )
    inner = ConditionStep(
        name="Inner",
        display_name="Choose again",
        description="Within the first",
        conditions=[ConditionIn(value=answered["answer"], in_values=["a", "b"])],
        if_steps=[],
        else_steps=[neither],
    )
    choose = ConditionStep(
        name="Choose",
        conditions=[
            ConditionEquals(left=decided["verdict"], right="yes"),
            ConditionGreaterThan(left=decided["count"], right=1),
            ConditionGreaterThanOrEqualTo(left=auc, right=0.9),
            ConditionLessThan(left=decided["share"], right=0.5),
            ConditionLessThanOrEqualTo(left=auc, right=1),
            ConditionNot(ConditionEquals(left=ExecutionVariables.PIPELINE_NAME, right="other")),
            ConditionOr(
                [ConditionEquals(left=decided["sure"], right=True), ConditionEquals(left=answered["score"], right=1)]
            ),
        ],
        if_steps=[inner],
        else_steps=[FailStep(name="Refused", error_message=Join(on=": ", values=["too low", auc]))],
        depends_on=[ask],
    )
    return compiled(session, [], [score, decide, ask, choose])


#: By the names that print-definitions.ts gives them.
PIPELINES = {
    "fraud, deployed at once": fraud,
    "fraud, approved by a person": lambda session: fraud(session, approval="manual"),
    "fraud, encrypted": lambda session: fraud(session, key=KEY),
    "fraud, from a database": lambda session: fraud(session, from_database=True),
    "fraud, on Spark": lambda session: fraud(session, on_spark=True),
    "parameters": parameters,
    "jobs": jobs,
    "control": control,
}
