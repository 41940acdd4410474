/** What builds report: results of tests and coverage, read from their files, kept with their group and exported. */
import { randomUUID } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { PutObjectCommand } from "@aws-sdk/client-s3";
import type { BatchGetReportsInput, ListReportsForReportGroupInput, Report } from "@aws-sdk/client-codebuild";
import { zipSync } from "fflate";
import { DOMParser } from "linkedom";
import type { RoleClients } from "../iam/role-clients";
import { AwsError, type Wire } from "../server/json-service";
import { ascending, pageOf } from "../server/paging";
import type { Collection, Store } from "../server/store";
import { matching, type Buildspec, type ReportFiles } from "./buildspec";
import type { ReportGroup } from "./documents";

type ReportDocument = Wire<Report> & { arn: string; reportGroupArn: string; created: number };
type Summary = Pick<Report, "status" | "testSummary" | "codeCoverageSummary">;

/** What is read of an XML document. */
interface XmlElement {
  querySelectorAll(selectors: string): Iterable<XmlElement>;
  querySelector(selectors: string): XmlElement | null;
  getAttribute(name: string): string | null;
}

const PAGE = 100;
const NANOSECONDS = 1e9;

/** The build that reports. */
export interface Reporter {
  projectName: string;
  buildArn: string;
  /** Where the build's commands ran. */
  source: string;
}

export class Reports {
  private readonly documents: Collection<ReportDocument>;

  constructor(
    store: Store,
    private readonly groups: Collection<ReportGroup>,
    private readonly arnOf: (resource: string) => string,
  ) {
    this.documents = store.collection("report");
  }

  /**
   * Reads what a build's specification calls reports, in the name of the build's role. What cannot be read is told to
   * `say`, as in a build's log, and fails nothing.
   *
   * @throws AwsError where the role may not report, or not export what it reports
   */
  async take(spec: Buildspec, reporter: Reporter, role: RoleClients, say: (line: string) => void): Promise<void> {
    for (const [name, files] of Object.entries(spec.reports ?? {})) {
      const group = this.groups.get(`${reporter.projectName}-${name}`);
      if (group === undefined) {
        say(`Report ${name}: there is no report group ${reporter.projectName}-${name}: declare it.`);
        continue;
      }
      const base = join(reporter.source, files["base-directory"] ?? ".");
      const found = await matching(base, files.files);
      if (found.length === 0) {
        say(`Report ${name}: no matching report files found: ${files.files.join(", ")}`);
        continue;
      }
      const contents = new Map(found.map((file) => [file, readFileSync(join(base, file))]));
      await this.add(group, files, reporter, contents, role, say);
    }
  }

  batchGet = ({ reportArns }: Wire<BatchGetReportsInput>): Promise<object> => {
    const found = reportArns.map((arn) => [arn, this.documents.get(arn)] as const);
    return Promise.resolve({
      reports: found.flatMap(([, report]) => report ?? []),
      reportsNotFound: found.flatMap(([arn, report]) => (report ? [] : [arn])),
    });
  };

  /** The newest first, as AWS has it where nothing else is asked for. */
  list = ({ reportGroupArn, ...paging }: Wire<ListReportsForReportGroupInput>): Promise<object> => {
    const { nextToken, maxResults, sortOrder } = paging;
    const refused = new AwsError("InvalidInputException", `nextToken ${nextToken} is none that was given here.`);
    const sign = sortOrder === "ASCENDING" ? 1 : -1;
    const position = ({ created, arn }: ReportDocument) => [sign * created, arn] as const;
    const sorted = this.of(reportGroupArn ?? "").sort((one, other) => ascending(position(one), position(other)));
    const { page, next } = pageOf(sorted, position, { token: nextToken, size: maxResults ?? PAGE }, refused);
    return Promise.resolve({
      reports: page.map(({ arn }) => arn),
      ...(next === undefined ? {} : { nextToken: next }),
    });
  };

  /** @throws AwsError InvalidInputException where a group has reports that must not go with it */
  removeOf(groupArn: string, evenWhereThereAreAny: boolean): void {
    const reports = this.of(groupArn);
    if (reports.length > 0 && !evenWhereThereAreAny) {
      throw new AwsError("InvalidInputException", `Cannot delete report group ${groupArn}: it has reports.`);
    }
    for (const { arn } of reports) this.documents.remove(arn);
  }

  private of(groupArn: string): ReportDocument[] {
    return this.documents.all().filter(({ reportGroupArn }) => reportGroupArn === groupArn);
  }

  private async add(
    group: ReportGroup,
    files: ReportFiles,
    { buildArn }: Reporter,
    contents: ReadonlyMap<string, Buffer>,
    role: RoleClients,
    say: (line: string) => void,
  ): Promise<void> {
    const puts = group.type === "TEST" ? "codebuild:BatchPutTestCases" : "codebuild:BatchPutCodeCoverages";
    const resources = [group.arn];
    await role.require({ action: "codebuild:CreateReport", resources }, { action: puts, resources });
    const name = `${group.name}:${randomUUID()}`;
    const summary = summaryOf(group.type, files["file-format"], [...contents.values()].map(String));
    await this.export(group, name, contents, role);
    await role.require({ action: "codebuild:UpdateReport", resources });
    const report = {
      arn: this.arnOf(`report/${name}`),
      type: group.type,
      name,
      reportGroupArn: group.arn,
      executionId: buildArn,
      created: Date.now() / 1000,
      exportConfig: group.exportConfig,
      ...summary,
    };
    this.documents.insert(report.arn, report as ReportDocument);
    say(`Report ${name}: ${summary.status}`);
  }

  private async export(
    { exportConfig }: ReportGroup,
    name: string,
    contents: ReadonlyMap<string, Buffer>,
    { s3 }: RoleClients,
  ): Promise<void> {
    if (exportConfig.exportConfigType !== "S3") return;
    const { bucket, path = "", packaging, encryptionKey } = exportConfig.s3Destination ?? {};
    const objects: [string, Uint8Array][] =
      packaging === "ZIP" ? [[`${name}.zip`, zipSync(Object.fromEntries(contents))]] : [...contents];
    const folder = [path, ...(packaging === "ZIP" ? [] : [name])].filter((part) => part !== "");
    for (const [file, Body] of objects) {
      const Key = [...folder, file].join("/");
      const encryption = { ServerSideEncryption: "aws:kms" as const, SSEKMSKeyId: encryptionKey };
      await s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body, ...(encryptionKey ? encryption : {}) }));
    }
  }
}

/** What files say in all; INCOMPLETE where they are of a format that is not read here, or hold nothing. */
export function summaryOf(type: string, format: string | undefined, texts: readonly string[]): Summary {
  const roots = texts.map(
    (text) => new DOMParser().parseFromString(text, "text/xml").documentElement as unknown as XmlElement,
  );
  // JUnit's is CodeBuild's default.
  if (type === "TEST" && (format ?? "JUNITXML") === "JUNITXML") {
    const cases = roots.flatMap((root) => [...root.querySelectorAll("testcase")]);
    const counts: Record<string, number> = { SUCCEEDED: 0, FAILED: 0, ERROR: 0, SKIPPED: 0, UNKNOWN: 0 };
    let seconds = 0;
    for (const each of cases) {
      const outcome = statusOf(each);
      counts[outcome] = (counts[outcome] ?? 0) + 1;
      seconds += number(each, "time");
    }
    const bad = (counts["FAILED"] ?? 0) + (counts["ERROR"] ?? 0);
    return {
      status: cases.length === 0 ? "INCOMPLETE" : bad > 0 ? "FAILED" : "SUCCEEDED",
      testSummary: {
        total: cases.length,
        statusCounts: counts,
        durationInNanoSeconds: Math.round(seconds * NANOSECONDS),
      },
    };
  }
  if (type === "CODE_COVERAGE" && format === "COBERTURAXML") {
    const sum = (name: string) => roots.reduce((total, root) => total + number(root, name), 0);
    const [lines, linesCovered] = [sum("lines-valid"), sum("lines-covered")];
    const [branches, branchesCovered] = [sum("branches-valid"), sum("branches-covered")];
    const percentage = (part: number, whole: number) => (whole === 0 ? 100 : (100 * part) / whole);
    return {
      status: lines === 0 ? "INCOMPLETE" : "SUCCEEDED",
      codeCoverageSummary: {
        lineCoveragePercentage: percentage(linesCovered, lines),
        linesCovered,
        linesMissed: lines - linesCovered,
        branchCoveragePercentage: percentage(branchesCovered, branches),
        branchesCovered,
        branchesMissed: branches - branchesCovered,
      },
    };
  }
  return { status: "INCOMPLETE" };
}

function statusOf(testcase: XmlElement): string {
  if (testcase.querySelector("failure")) return "FAILED";
  if (testcase.querySelector("error")) return "ERROR";
  return testcase.querySelector("skipped") ? "SKIPPED" : "SUCCEEDED";
}

const number = (element: XmlElement, name: string): number => Number(element.getAttribute(name) ?? 0) || 0;
