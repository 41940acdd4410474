"""A pipeline as users of the SageMaker Python SDK write theirs: with its own scripts, and no word of a local cloud."""

from pathlib import Path

import numpy as np
from sagemaker.inputs import TrainingInput
from sagemaker.processing import ProcessingInput, ProcessingOutput, ScriptProcessor
from sagemaker.session import Session
from sagemaker.sklearn.processing import SKLearnProcessor
from sagemaker.workflow.condition_step import ConditionStep
from sagemaker.workflow.conditions import ConditionGreaterThan, ConditionGreaterThanOrEqualTo
from sagemaker.workflow.fail_step import FailStep
from sagemaker.workflow.functions import Join, JsonGet
from sagemaker.workflow.model_step import ModelStep
from sagemaker.workflow.parameters import ParameterFloat, ParameterString
from sagemaker.workflow.pipeline import Pipeline
from sagemaker.workflow.pipeline_context import PipelineSession
from sagemaker.workflow.properties import PropertyFile
from sagemaker.workflow.steps import CacheConfig, ProcessingStep, TrainingStep
from sagemaker.xgboost import XGBoost, XGBoostModel

ROLE = "arn:aws:iam::123456789012:role/sagemaker"
INSTANCE = "ml.m5.large"
FRAMEWORK = "1.7-1"
GROUP = "scores"
COLUMNS = ("label", "a", "b", "c")


def transactions(rows: int, seed: int = 1) -> np.ndarray:
    """The label, which follows the first column but for some noise, and three columns."""
    random = np.random.default_rng(seed)
    values = random.normal(size=(rows, 3))
    label = values[:, 0] + 0.3 * values[:, 1] + 0.2 * random.normal(size=rows) > 0
    return np.column_stack([label.astype(int), values])


def upload(session: Session, folder: Path, rows: np.ndarray, prefix: str, *, header: bool) -> str:
    """The rows as one CSV under the prefix in the default bucket; its URI."""
    file = folder / "rows.csv"
    line = ",".join(COLUMNS) if header else ""
    np.savetxt(file, rows, delimiter=",", fmt="%.8g", header=line, comments="")
    return session.upload_data(str(file), key_prefix=prefix)


def estimator(session: Session, project: Path) -> XGBoost:
    """Script mode: a source folder whose training script imports a module beside it."""
    return XGBoost(
        entry_point="train.py",
        source_dir=str(project / "training"),
        framework_version=FRAMEWORK,
        role=ROLE,
        instance_type=INSTANCE,
        instance_count=1,
        hyperparameters={"max_depth": 3, "num_round": 20, "objective": "binary:logistic"},
        metric_definitions=[{"Name": "validation:auc", "Regex": r"validation-auc:([0-9.]+)"}],
        sagemaker_session=session,
    )


def scoring_model(session: Session, project: Path, model_data, **more) -> XGBoostModel:
    return XGBoostModel(
        model_data=model_data,
        role=ROLE,
        entry_point="inference.py",
        source_dir=str(project / "serving"),
        framework_version=FRAMEWORK,
        sagemaker_session=session,
        **more,
    )


def prepare_step(
    session: PipelineSession, project: Path, raw, share, cache: CacheConfig | None = None
) -> ProcessingStep:
    """Splits the rows, and says in a property file how many there are."""
    folder = "/opt/ml/processing"
    return ProcessingStep(
        name="Prepare",
        step_args=SKLearnProcessor(
            framework_version="1.2-1",
            role=ROLE,
            instance_type=INSTANCE,
            instance_count=1,
            base_job_name="prepare",
            sagemaker_session=session,
        ).run(
            code=str(project / "prepare.py"),
            inputs=[ProcessingInput(source=raw, destination=f"{folder}/input/raw")],
            outputs=[
                ProcessingOutput(output_name=name, source=f"{folder}/output/{name}")
                for name in ("train", "validation", "report")
            ],
            arguments=[
                *("--source", f"{folder}/input/raw", "--target", f"{folder}/output"),
                *("--share", share.to_string()),
            ],
        ),
        property_files=[PropertyFile(name="Rows", output_name="report", path="report.json")],
        cache_config=cache,
    )


def build_pipeline(session: PipelineSession, project: Path, rows_uri: str) -> Pipeline:
    """Prepare, train, evaluate; where the model is good enough, register and create it, else fail."""
    raw = ParameterString("Raw", default_value=rows_uri)
    share = ParameterFloat("Share", default_value=0.75)
    auc_wanted = ParameterFloat("AucWanted", default_value=0.9)
    folder = "/opt/ml/processing"

    prepare = prepare_step(session, project, raw, share)
    split = prepare.properties.ProcessingOutputConfig.Outputs
    train = TrainingStep(
        name="Train",
        step_args=estimator(session, project).fit(
            {
                name: TrainingInput(split[name].S3Output.S3Uri, content_type="text/csv")
                for name in ("train", "validation")
            }
        ),
    )
    artifact = train.properties.ModelArtifacts.S3ModelArtifacts
    evaluate = ProcessingStep(
        name="Evaluate",
        step_args=ScriptProcessor(
            image_uri=estimator(session, project).training_image_uri(),
            command=["python3"],
            role=ROLE,
            instance_type=INSTANCE,
            instance_count=1,
            base_job_name="evaluate",
            sagemaker_session=session,
        ).run(
            code=str(project / "evaluate.py"),
            inputs=[
                ProcessingInput(source=artifact, destination=f"{folder}/model"),
                ProcessingInput(source=split["validation"].S3Output.S3Uri, destination=f"{folder}/validation"),
            ],
            outputs=[ProcessingOutput(output_name="evaluation", source=f"{folder}/evaluation")],
            arguments=[
                *("--model", f"{folder}/model", "--validation", f"{folder}/validation"),
                *("--target", f"{folder}/evaluation"),
            ],
        ),
        property_files=[PropertyFile(name="Evaluation", output_name="evaluation", path="evaluation.json")],
    )
    scoring = scoring_model(session, project, artifact)
    register = ModelStep(
        name="Register",
        step_args=scoring.register(
            content_types=["text/csv"],
            response_types=["text/csv"],
            inference_instances=[INSTANCE],
            transform_instances=[INSTANCE],
            model_package_group_name=GROUP,
            approval_status="Approved",
        ),
    )
    create = ModelStep(name="Create", step_args=scoring.create(instance_type=INSTANCE))
    auc = JsonGet(step_name="Evaluate", property_file="Evaluation", json_path="binary_classification_metrics.auc.value")
    positives = JsonGet(step_name="Prepare", property_file="Rows", json_path="positives")
    choose = ConditionStep(
        name="GoodEnough",
        conditions=[
            ConditionGreaterThanOrEqualTo(left=auc, right=auc_wanted),
            ConditionGreaterThan(left=positives, right=10),
        ],
        if_steps=[register, create],
        else_steps=[FailStep("TooWeak", error_message=Join(on=" ", values=["The AUC is", auc]))],
    )
    return Pipeline(
        name="scores",
        parameters=[raw, share, auc_wanted],
        steps=[prepare, train, evaluate, choose],
        sagemaker_session=session,
    )
