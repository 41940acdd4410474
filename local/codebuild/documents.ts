import type { CreateProjectInput, CreateReportGroupInput } from "@aws-sdk/client-codebuild";
import type { Wire } from "../server/json-service";

/** What is kept beside what a document was made with; times in epoch seconds. */
interface Kept {
  arn: string;
  created: number;
  lastModified: number;
}

export type Project = Wire<CreateProjectInput> & Kept;
export type ReportGroup = Wire<CreateReportGroupInput> & Kept;
