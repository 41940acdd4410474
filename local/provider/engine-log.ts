import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Tells a person something about a resource: that it deserves a look, or that it is wrong. */
export type Tell = (urn: string, severity: "warning" | "error", message: string) => Promise<void>;

/**
 * Messages in the engine's own log, beside the resource they are about.
 *
 * @param address where the engine listens, as it tells a provider with the first argument
 */
export function engineLog(address: string): Tell {
  const engine = new EngineClient(address, credentials.createInsecure());
  return (urn, severity, message) => {
    const level = severity === "error" ? LogSeverity.ERROR : LogSeverity.WARNING;
    const request = new LogRequest().setSeverity(level).setUrn(urn).setMessage(message);
    return new Promise((resolve, reject) => {
      engine.log(request, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  };
}
