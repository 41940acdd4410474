import type { S3Client } from "@aws-sdk/client-s3";
import { readText } from "../s3-files";
import { executionVariables, stateOf } from "./execution";
import type { ExecutionDocuments } from "./execution-documents";
import { follow, type Json, type Scope } from "./expressions";

/** What the expressions of an execution's steps are resolved against, as it is when they are. */
export function scopeOf(documents: ExecutionDocuments, s3: S3Client, arn: string): Scope {
  const properties = (step: string): Json | undefined => {
    const state = stateOf(documents.get(arn), step);
    return state?.status === "Succeeded" ? state.properties : undefined;
  };
  const execution = documents.get(arn);
  return {
    parameters: execution.parameters,
    execution: executionVariables(execution),
    stepProperties: properties,
    readUri: (uri) => readText(s3, uri),
    readPropertyFile: (step, file) => {
      const declared = documents.plan(execution).steps.get(step)?.step.PropertyFiles ?? [];
      const found = declared.find(({ PropertyFileName }) => PropertyFileName === file);
      if (!found) throw new Error(`step ${step} has no property file ${file}`);
      const path = ["ProcessingOutputConfig", "Outputs", found.OutputName, "S3Output", "S3Uri"];
      const uri = follow(properties(step), path);
      if (typeof uri !== "string") throw new Error(`step ${step} has no output ${found.OutputName} with an S3 URI`);
      return readText(s3, `${uri.replace(/\/$/, "")}/${found.FilePath}`);
    },
  };
}
