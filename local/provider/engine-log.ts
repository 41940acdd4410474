import { credentials } from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";

/** Tells a person something about a resource. */
export type Warn = (urn: string, message: string) => Promise<void>;

/**
 * Warnings in the engine's own log, beside the resource they are about.
 *
 * @param address where the engine listens, as it tells a provider with the first argument
 */
export function engineLog(address: string): Warn {
  const engine = new EngineClient(address, credentials.createInsecure());
  return (urn, message) => {
    const request = new LogRequest().setSeverity(LogSeverity.WARNING).setUrn(urn).setMessage(message);
    return new Promise((resolve, reject) => {
      engine.log(request, (error) => {
        if (error) reject(error);
        else resolve();
      });
    });
  };
}
