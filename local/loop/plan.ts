// The stages of `npm start`, in order, and which pipeline step each of them follows.
export const PLAN = [
  { name: "data", title: "Transactions" },
  { name: "build", title: "Build" },
  { name: "cloud", title: "Local cloud" },
  { name: "stack", title: "Stack up" },
  { name: "first-up", title: "Before any model" },
  { name: "upload", title: "Upload to S3" },
  { name: "launch", title: "Launch the pipeline" },
  { name: "preprocess", title: "Preprocess" },
  { name: "train", title: "Train" },
  { name: "evaluate", title: "Evaluate" },
  { name: "baselines", title: "Baselines" },
  { name: "gate", title: "Gate" },
  { name: "register", title: "Register" },
  { name: "create-model", title: "Create model" },
  { name: "deploy", title: "Deploy" },
  { name: "endpoint", title: "Endpoint" },
  { name: "api", title: "API" },
  { name: "stream", title: "Stream" },
  { name: "monitors", title: "Monitors" },
] as const;

export type StageName = (typeof PLAN)[number]["name"];
