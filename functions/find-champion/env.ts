import * as t from "io-ts";
import { Arn, Text } from "../shared/environment";

/** Environment of `find-champion`. */
export const FindChampionEnvironment = t.type(
  {
    /** The MLflow app or tracking server. */
    MLFLOW_ARN: Arn,
    /** Name of the MLflow registered model whose alias `champion` is looked up. */
    MODEL_NAME: Text,
  },
  "FindChampionEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type FindChampionVariables = t.OutputOf<typeof FindChampionEnvironment>;
