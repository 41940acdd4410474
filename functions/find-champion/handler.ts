import { PutObjectCommand, S3Client } from "@aws-sdk/client-s3";
import { SageMakerClient } from "@aws-sdk/client-sagemaker";
import { decode } from "../shared/decode";
import { readEnvironment } from "../shared/environment";
import { log } from "../shared/log";
import { MlflowClient } from "../shared/mlflow";
import { parseS3Uri } from "../shared/objects";
import { FindChampionEnvironment } from "./env";
import { findChampion } from "./find";
import { FindChampionEvent, type FoundChampion } from "./logic";

const environment = readEnvironment(FindChampionEnvironment);
const clients = {
  mlflow: new MlflowClient(environment.MLFLOW_ARN),
  sagemaker: new SageMakerClient(),
  s3: new S3Client(),
};

/** Lays the champion of this moment, or why there is none, where the evaluate job finds it. */
export async function handler(input: unknown): Promise<FoundChampion> {
  const { executionId, championUri } = decode(FindChampionEvent, input, "The champion step's event");
  const folder = parseS3Uri(championUri);
  const champion = await findChampion(clients, environment.MODEL_NAME, {
    bucket: folder.bucket,
    key: `${folder.key}/model.tar.gz`,
  });
  await clients.s3.send(
    new PutObjectCommand({
      Bucket: folder.bucket,
      Key: `${folder.key}/champion.json`,
      Body: JSON.stringify(champion),
      ContentType: "application/json",
    }),
  );
  log[champion.status === "unavailable" ? "warn" : "info"]("champion looked up", { executionId, ...champion });
  return { status: champion.status, championUri };
}
