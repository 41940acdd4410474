// What the supervisor and the process that started it say to each other.

export type ToSupervisor = { type: "keep" } | { type: "stop" } | { type: "peak" };

export type FromSupervisor =
  | { type: "progress"; text: string }
  /** MiniStack and the server answer. */
  | { type: "ready" }
  | { type: "mlflow-ready" }
  /** A server did not start or ended by itself; the cloud is going down. */
  | { type: "failed"; reason: string }
  | { type: "kept" }
  /** Peak memory of all processes so far, in MB. */
  | { type: "peak"; megabytes: number };
