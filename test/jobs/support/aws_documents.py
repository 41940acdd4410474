"""AWS's documents of monitors as their documentation describes them, and nothing besides.

Model Monitor: "Schema for Statistics", "Schema for Constraints", "Schema for Violations", "Model quality metrics".
Clarify: "Bias drift violations", "Model feature attribution drift violations", and the analysis of both.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

Flag = Literal["Enabled", "Disabled"]
Type = Literal["Integral", "Fractional", "String", "Unknown"]
Share = Annotated[float, Field(ge=0, le=1)]
Count = Annotated[int, Field(ge=0)]


class Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Common(Document):
    num_present: Count
    num_missing: Count


class Bucket(Document):
    lower_bound: float
    upper_bound: float
    count: Count


class SketchParameters(Document):
    c: float
    k: float


class Sketch(Document):
    parameters: SketchParameters
    data: list[list[float]]


class Kll(Document):
    buckets: list[Bucket]
    sketch: Sketch


class NumericalDistribution(Document):
    kll: Kll


class NumericalStatistics(Document):
    common: Common
    mean: float
    sum: float
    std_dev: float
    min: float
    max: float
    distribution: NumericalDistribution


class Category(Document):
    value: str
    count: Count


class Categorical(Document):
    buckets: list[Category]


class StringDistribution(Document):
    categorical: Categorical


class StringStatistics(Document):
    common: Common
    distinct_count: float
    distribution: StringDistribution | None = None


class FeatureStatistics(Document):
    name: str
    inferred_type: Type
    numerical_statistics: NumericalStatistics | None = None
    string_statistics: StringStatistics | None = None


class Dataset(Document):
    item_count: Count


class Statistics(Document):
    version: float
    dataset: Dataset
    features: list[FeatureStatistics]


class DistributionConstraints(Document):
    perform_comparison: Flag
    comparison_threshold: Share | None = None
    comparison_method: Literal["Simple", "Robust"] | None = None
    categorical_comparison_threshold: Share | None = None
    categorical_drift_method: Literal["LInfinity", "ChiSquared"] | None = None


class Overrides(Document):
    distribution_constraints: DistributionConstraints | None = None


class NumberConstraints(Document):
    is_non_negative: bool


class StringConstraints(Document):
    domains: list[str]


class FeatureConstraints(Document):
    name: str
    inferred_type: Type
    completeness: Share
    num_constraints: NumberConstraints | None = None
    string_constraints: StringConstraints | None = None
    monitoringConfigOverrides: Overrides


class MonitoringConfig(Document):
    evaluate_constraints: Flag
    emit_metrics: Flag
    datatype_check_threshold: Share
    domain_content_threshold: Share
    distribution_constraints: DistributionConstraints


class Constraints(Document):
    version: float
    features: list[FeatureConstraints]
    monitoring_config: MonitoringConfig


class Violation(Document):
    feature_name: str
    constraint_check_type: Literal[
        "data_type_check",
        "completeness_check",
        "baseline_drift_check",
        "missing_column_check",
        "extra_column_check",
        "categorical_values_check",
    ]
    description: str


class Violations(Document):
    violations: list[Violation]


Operator = Literal["LessThanThreshold", "GreaterThanThreshold"]


class Figure(Document):
    value: float | Literal["NaN"]
    standard_deviation: float | Literal["NaN"]


class Decided(Document):
    passed: float = Field(alias="0")
    flagged: float = Field(alias="1")


class ConfusionMatrix(Document):
    legitimate: Decided = Field(alias="0")
    fraud: Decided = Field(alias="1")


class Roc(Document):
    false_positive_rates: list[Share]
    true_positive_rates: list[Share]


class PrecisionRecall(Document):
    precisions: list[Share]
    recalls: list[Share]


class BinaryMetrics(Document):
    confusion_matrix: ConfusionMatrix
    recall: Figure
    precision: Figure
    accuracy: Figure
    recall_best_constant_classifier: Figure
    precision_best_constant_classifier: Figure
    accuracy_best_constant_classifier: Figure
    true_positive_rate: Figure
    true_negative_rate: Figure
    false_positive_rate: Figure
    false_negative_rate: Figure
    receiver_operating_characteristic_curve: Roc
    precision_recall_curve: PrecisionRecall
    auc: Figure
    f0_5: Figure
    f1: Figure
    f2: Figure
    f0_5_best_constant_classifier: Figure
    f1_best_constant_classifier: Figure
    f2_best_constant_classifier: Figure


class ModelQualityStatistics(Document):
    version: float
    dataset: Dataset
    binary_classification_metrics: BinaryMetrics


class Limit(Document):
    threshold: float
    comparison_operator: Operator


class ModelQualityConstraints(Document):
    version: float
    binary_classification_constraints: dict[str, Limit]


class ModelQualityViolation(Document):
    constraint_check_type: Operator
    description: str
    metric_name: str


class ModelQualityViolations(Document):
    version: float
    violations: list[ModelQualityViolation]


class BiasMetric(Document):
    name: str
    description: str
    value: float | Literal["Infinity", "-Infinity"] | None
    error: str | None = None


class Band(Document):
    value_or_threshold: str
    metrics: list[BiasMetric]


class BiasSection(Document):
    label: str
    label_value_or_threshold: str
    facets: dict[str, list[Band]]
    error: str | None = None


class BiasAnalysis(Document):
    version: Literal["1.0"]
    pre_training_bias_metrics: BiasSection
    post_training_bias_metrics: BiasSection


class BiasViolation(Document):
    facet: str
    facet_value: str
    metric_name: str
    constraint_check_type: Literal["bias_drift_check"]
    description: str


class BiasViolations(Document):
    version: Literal["1.0"]
    violations: list[BiasViolation]


class Explained(Document):
    global_shap_values: dict[str, float]
    expected_value: float


class Explanations(Document):
    kernel_shap: dict[str, Explained]


class ExplainabilityAnalysis(Document):
    version: Literal["1.0"]
    explanations: Explanations


class AttributionViolation(Document):
    label: str
    metric_name: Literal["shap"]
    constraint_check_type: Literal["feature_attribution_drift_check"]
    description: str


class AttributionViolations(Document):
    version: Literal["1.0"]
    violations: list[AttributionViolation]
