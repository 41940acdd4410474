import { packageVersion, type ModelAnswer } from "./scoring";

/** Where the distribution of scores is kept, by endpoint and version of the model package. */
export const SCORES_NAMESPACE = "Fraud/Scores";
/** A probability for each transaction. */
export const PROBABILITY_METRIC = "FraudProbability";
/** 1 for each transaction that is called fraud, else 0: the mean is their share. */
export const FLAGGED_METRIC = "FlaggedFraud";

/** CloudWatch takes no more values of a metric in one document of its embedded format. */
const VALUES_PER_DOCUMENT = 100;

export const scoreDimensions = (endpointName: string, modelPackageVersion: string) => ({
  EndpointName: endpointName,
  ModelPackageVersion: modelPackageVersion,
});

/** An answer's scores in CloudWatch's embedded metric format: documents that become metrics when they are logged. */
export function scoreDocuments(endpointName: string, { predictions, model }: ModelAnswer, now: Date): object[] {
  const dimensions = scoreDimensions(endpointName, packageVersion(model.packageArn));
  const directive = {
    Namespace: SCORES_NAMESPACE,
    Dimensions: [Object.keys(dimensions)],
    Metrics: [
      { Name: PROBABILITY_METRIC, Unit: "None" },
      { Name: FLAGGED_METRIC, Unit: "None" },
    ],
  };
  const scores = predictions.map(({ score }) => score);
  const documents: object[] = [];
  for (let first = 0; first < scores.length; first += VALUES_PER_DOCUMENT) {
    const part = scores.slice(first, first + VALUES_PER_DOCUMENT);
    documents.push({
      _aws: { Timestamp: now.getTime(), CloudWatchMetrics: [directive] },
      ...dimensions,
      [PROBABILITY_METRIC]: part,
      [FLAGGED_METRIC]: part.map((score) => (score >= model.threshold ? 1 : 0)),
    });
  }
  return documents;
}

/** Puts the scores of an answer into the metrics by which a rollout is judged. */
export function recordScores(endpointName: string, answer: ModelAnswer): void {
  for (const document of scoreDocuments(endpointName, answer, new Date())) {
    process.stdout.write(`${JSON.stringify(document)}\n`);
  }
}
