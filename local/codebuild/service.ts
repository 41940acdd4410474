/** The local CodeBuild: projects, report groups and reports. Builds are started by the local CodePipeline. */
import { join } from "node:path";
import type {
  BatchGetProjectsInput,
  BatchGetReportGroupsInput,
  CreateProjectInput,
  CreateReportGroupInput,
  DeleteProjectInput,
  DeleteReportGroupInput,
  ListReportGroupsInput,
  UpdateProjectInput,
  UpdateReportGroupInput,
} from "@aws-sdk/client-codebuild";
import type { ServerContext } from "../server/context";
import { AwsError, type JsonService, type Wire } from "../server/json-service";
import { pageOf } from "../server/paging";
import { Store } from "../server/store";
import { Builds } from "./builds";
import type { Project, ReportGroup } from "./documents";
import { Reports } from "./reports";

/** What the local CodePipeline runs builds by. */
export interface CodeBuild {
  service: JsonService;
  /** The project of a name, if there is one. */
  project(name: string): Project | undefined;
  readonly builds: Builds;
}

const PAGE = 100;

export function codeBuild(server: ServerContext): CodeBuild {
  const { region, accountId } = server.settings;
  const store = new Store(join(server.directory("codebuild"), "state.db"));
  const projects = store.collection<Project>("project");
  const groups = store.collection<ReportGroup>("report-group");
  const arnOf = (resource: string) => `arn:aws:codebuild:${region}:${accountId}:${resource}`;
  const nameIn = (id: string) => id.split("/").pop() ?? id;
  const now = () => Date.now() / 1000;
  const reports = new Reports(store, groups, arnOf);
  const builds = new Builds(server, reports, arnOf);

  const service: JsonService = {
    targetPrefix: "CodeBuild_20161006",
    serviceName: "codebuild",
    refused: [
      {
        operations:
          /(Start|Stop|Retry|Delete|BatchGet|List|BatchDelete)(Build|Builds|BuildsForProject|BuildBatch(es)?)/,
        why: "Builds are run by the delivery pipeline that they belong to: start that (StartPipelineExecution).",
      },
    ],
    operations: {
      CreateProject: (input: Wire<CreateProjectInput>) => {
        const project = { ...input, arn: arnOf(`project/${input.name}`), created: now(), lastModified: now() };
        if (!projects.insert(input.name, project)) throw exists("Project", input.name);
        return Promise.resolve({ project });
      },
      BatchGetProjects: ({ names }: Wire<BatchGetProjectsInput>) => {
        const found = names.map((name) => [name, projects.get(nameIn(name))] as const);
        return Promise.resolve({
          projects: found.flatMap(([, project]) => project ?? []),
          projectsNotFound: found.flatMap(([name, project]) => (project ? [] : [name])),
        });
      },
      UpdateProject: (input: Wire<UpdateProjectInput>) => {
        const project = projects.update(nameIn(input.name), (before) => ({
          ...before,
          ...input,
          name: before.name,
          lastModified: now(),
        }));
        if (project === undefined) throw missing("Project", input.name);
        return Promise.resolve({ project });
      },
      DeleteProject: ({ name }: Wire<DeleteProjectInput>) => {
        projects.remove(nameIn(name));
        return Promise.resolve({});
      },
      CreateReportGroup: (input: Wire<CreateReportGroupInput>) => {
        const reportGroup = { ...input, arn: arnOf(`report-group/${input.name}`), created: now(), lastModified: now() };
        if (!groups.insert(input.name, reportGroup)) throw exists("Report group", input.name);
        return Promise.resolve({ reportGroup });
      },
      BatchGetReportGroups: ({ reportGroupArns }: Wire<BatchGetReportGroupsInput>) => {
        const found = reportGroupArns.map((arn) => [arn, groups.get(nameIn(arn))] as const);
        return Promise.resolve({
          reportGroups: found.flatMap(([, group]) => group ?? []),
          reportGroupsNotFound: found.flatMap(([arn, group]) => (group ? [] : [arn])),
        });
      },
      ListReportGroups: ({ nextToken, maxResults }: Partial<Wire<ListReportGroupsInput>>) => {
        const refused = new AwsError("InvalidInputException", `nextToken ${nextToken} is none that was given here.`);
        const sorted = groups.all().map(({ arn }) => arn);
        sorted.sort();
        const { page, next } = pageOf(sorted, (arn) => arn, { token: nextToken, size: maxResults ?? PAGE }, refused);
        return Promise.resolve({ reportGroups: page, ...(next === undefined ? {} : { nextToken: next }) });
      },
      UpdateReportGroup: ({ arn, ...changes }: Wire<UpdateReportGroupInput>) => {
        const reportGroup = groups.update(nameIn(arn), (before) => ({ ...before, ...changes, lastModified: now() }));
        if (reportGroup === undefined) throw missing("Report group", arn);
        return Promise.resolve({ reportGroup });
      },
      DeleteReportGroup: (input: Wire<DeleteReportGroupInput>) => {
        const { arn } = input;
        reports.removeOf(arn, (input as Partial<DeleteReportGroupInput>).deleteReports ?? false);
        groups.remove(nameIn(arn));
        return Promise.resolve({});
      },
      BatchGetReports: reports.batchGet,
      ListReportsForReportGroup: reports.list,
    },
    close: () => Promise.resolve(store.close()),
  };
  return { service, project: (name) => projects.get(name), builds };
}

function exists(kind: string, name: string): AwsError {
  return new AwsError("ResourceAlreadyExistsException", `${kind} already exists: ${name}`);
}

function missing(kind: string, name: string): AwsError {
  return new AwsError("ResourceNotFoundException", `${kind} does not exist: ${name}`);
}
