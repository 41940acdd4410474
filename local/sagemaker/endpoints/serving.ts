import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { localiseValues } from "../opt-ml";
import type { SageMakerContext } from "../state";
import { placeModelData } from "./model-data";
import type { ModelServerPlan } from "./model-server";
import type { ServedContainer } from "./models";

const MODEL_SERVER = join(__dirname, "..", "..", "containers", "serve.py");

/** What to serve, and where. */
export interface Serving {
  container: ServedContainer;
  /** Stands for `/opt/ml` of the container. */
  folder: string;
  /** How long it may take until `/ping` answers 200, in seconds. */
  startupSeconds: number;
}

/** How a model server is started on what {@link placeServed} places. */
export function servingPlan({ server }: SageMakerContext, serving: Serving): ModelServerPlan {
  const { container, folder, startupSeconds } = serving;
  return {
    command: [
      ...[server.settings.python, MODEL_SERVER, "--port", "0"],
      ...["--model-dir", modelIn(folder), "--framework", container.framework],
    ],
    environment: {
      ...server.childEnvironment(),
      // What it unpacks goes when the folder goes, however it ends.
      TMPDIR: temporaryIn(folder),
      ...localiseValues(container.environment, folder),
    },
    workingDirectory: folder,
    startupSeconds,
  };
}

/**
 * Puts a model's data into its folder.
 *
 * @throws Error when the data is missing or can't be unpacked
 */
export async function placeServed({ clients }: SageMakerContext, { container, folder }: Serving): Promise<void> {
  await mkdir(temporaryIn(folder), { recursive: true });
  await placeModelData(clients, container, modelIn(folder));
}

function modelIn(folder: string): string {
  return join(folder, "model");
}

function temporaryIn(folder: string): string {
  return join(folder, "tmp");
}
