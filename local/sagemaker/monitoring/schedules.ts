import type {
  CreateMonitoringScheduleRequest,
  CreateMonitoringScheduleResponse,
  DeleteMonitoringScheduleRequest,
  DescribeMonitoringScheduleRequest,
  DescribeMonitoringScheduleResponse,
  ListMonitoringExecutionsRequest,
  ListMonitoringExecutionsResponse,
  ListMonitoringSchedulesRequest,
  ListMonitoringSchedulesResponse,
  MonitoringScheduleConfig,
  StartMonitoringScheduleRequest,
  StopMonitoringScheduleRequest,
  UpdateMonitoringScheduleRequest,
  UpdateMonitoringScheduleResponse,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import type { Collection } from "../../server/store";
import { inUse, invalid, notFound } from "../errors";
import { defined } from "../objects";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import { now } from "../time";
import type { JobDefinitions } from "./definitions";

/** A change takes effect so much later; AWS's take minutes. */
const SETTLING_SECONDS = 0.5;

/** Hourly, daily at an hour, or every n hours from an hour. */
const SCHEDULE = /^cron\(0 (?:\*|(?:[01]?\d|2[0-3])(?:\/(?:0?[1-9]|1\d|2[0-4]))?) \? \* \* \*\)$/;

interface Schedule {
  name: string;
  arn: string;
  config: Wire<MonitoringScheduleConfig>;
  endpointName?: string;
  created: number;
  modified: number;
  /** Until then its status is Pending, and nobody may change it. */
  settles: number;
  /** What it is afterwards: `Deleted` is gone. */
  becomes: "Scheduled" | "Stopped" | "Deleted";
}

/**
 * Monitoring schedules: records of what would run when. Each change leaves a schedule Pending for a while, as AWS's do,
 * and changing or deleting it then is refused. Nothing is executed: AWS's analyzers are images that only AWS runs.
 */
export class MonitoringSchedules {
  private readonly schedules: Collection<Schedule>;

  constructor(
    private readonly context: SageMakerContext,
    private readonly definitions: JobDefinitions,
  ) {
    this.schedules = context.store.collection<Schedule>("monitoring-schedule");
  }

  readonly operations = {
    CreateMonitoringSchedule: (input: Wire<CreateMonitoringScheduleRequest>) => Promise.resolve(this.create(input)),
    DescribeMonitoringSchedule: (input: Wire<DescribeMonitoringScheduleRequest>) =>
      Promise.resolve(this.described(this.known(input.MonitoringScheduleName))),
    ListMonitoringSchedules: (input: Wire<ListMonitoringSchedulesRequest>) => Promise.resolve(this.list(input)),
    UpdateMonitoringSchedule: (input: Wire<UpdateMonitoringScheduleRequest>) => Promise.resolve(this.update(input)),
    StartMonitoringSchedule: (input: Wire<StartMonitoringScheduleRequest>) =>
      Promise.resolve(this.change(input.MonitoringScheduleName, "Scheduled")),
    StopMonitoringSchedule: (input: Wire<StopMonitoringScheduleRequest>) =>
      Promise.resolve(this.change(input.MonitoringScheduleName, "Stopped")),
    DeleteMonitoringSchedule: (input: Wire<DeleteMonitoringScheduleRequest>) =>
      Promise.resolve(this.change(input.MonitoringScheduleName, "Deleted")),
    ListMonitoringExecutions: (input: Wire<ListMonitoringExecutionsRequest>) => Promise.resolve(this.executions(input)),
  };

  private create(input: Wire<CreateMonitoringScheduleRequest>): Wire<CreateMonitoringScheduleResponse> {
    const { MonitoringScheduleName: name, MonitoringScheduleConfig: config, Tags } = input;
    const MonitoringScheduleArn = this.context.arns.sagemaker(`monitoring-schedule/${name.toLowerCase()}`);
    if (this.settled(name) !== undefined) throw inUse(`Monitoring schedule ${MonitoringScheduleArn} already exists.`);
    const created = now();
    const schedule: Schedule = {
      name,
      arn: MonitoringScheduleArn,
      ...this.checked(config),
      created,
      modified: created,
      settles: created + SETTLING_SECONDS,
      becomes: "Scheduled",
    };
    this.context.store.transaction(() => {
      this.schedules.insert(name, schedule);
      this.context.tags.create(MonitoringScheduleArn, Tags);
    });
    return { MonitoringScheduleArn };
  }

  private update(input: Wire<UpdateMonitoringScheduleRequest>): Wire<UpdateMonitoringScheduleResponse> {
    const { arn } = this.changeable(input.MonitoringScheduleName);
    const checked = this.checked(input.MonitoringScheduleConfig);
    this.schedules.update(input.MonitoringScheduleName, (schedule) => ({
      ...schedule,
      ...checked,
      modified: now(),
      settles: now() + SETTLING_SECONDS,
    }));
    return { MonitoringScheduleArn: arn };
  }

  private change(name: string, becomes: Schedule["becomes"]): object {
    this.changeable(name);
    this.schedules.update(name, (schedule) => ({
      ...schedule,
      becomes,
      modified: now(),
      settles: now() + SETTLING_SECONDS,
    }));
    return {};
  }

  /** The config with what it refers to known, and the endpoint that it looks at. */
  private checked(config: Wire<MonitoringScheduleConfig>): Pick<Schedule, "config" | "endpointName"> {
    const { ScheduleConfig, MonitoringJobDefinitionName: definitionName, MonitoringJobDefinition: inline } = config;
    const expression = ScheduleConfig?.ScheduleExpression ?? "cron(0 0 ? * * *)";
    if (expression === "NOW") throw invalid("The local SageMaker executes no schedule, and so none NOW.");
    if (!SCHEDULE.test(expression)) {
      throw invalid(
        `ScheduleExpression "${expression}" is none of cron(0 * ? * * *), cron(0 HOUR ? * * *) and cron(0 HOUR/EVERY ? * * *).`,
      );
    }
    if ((definitionName === undefined) === (inline === undefined)) {
      throw invalid("Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName is wanted.");
    }
    const type = config.MonitoringType ?? "DataQuality";
    const endpointName =
      definitionName === undefined
        ? inline?.MonitoringInputs[0]?.EndpointInput?.EndpointName
        : this.definitions.endpointOf(type, this.definitions.describe(type, definitionName));
    return { config: { ...config, MonitoringType: type }, ...defined({ endpointName }) };
  }

  /** The schedule as it is by now: one whose deletion has taken effect is gone. */
  private settled(name: string): Schedule | undefined {
    const schedule = this.schedules.get(name);
    if (schedule === undefined || schedule.becomes !== "Deleted" || now() < schedule.settles) return schedule;
    this.context.store.transaction(() => {
      this.schedules.remove(name);
      this.context.tags.remove(schedule.arn);
    });
    return undefined;
  }

  private known(name: string): Schedule {
    const schedule = this.settled(name);
    if (!schedule) throw notFound("Monitoring schedule", name);
    return schedule;
  }

  private changeable(name: string): Schedule {
    const schedule = this.known(name);
    const status = statusOf(schedule);
    if (status === "Pending") throw invalid(`Monitoring schedule in status ${status}`);
    return schedule;
  }

  private described(schedule: Schedule): Wire<DescribeMonitoringScheduleResponse> {
    const { name, arn, config, endpointName, created, modified } = schedule;
    return {
      MonitoringScheduleArn: arn,
      MonitoringScheduleName: name,
      MonitoringScheduleStatus: statusOf(schedule),
      MonitoringType: config.MonitoringType ?? "DataQuality",
      CreationTime: created,
      LastModifiedTime: modified,
      MonitoringScheduleConfig: config,
      ...(endpointName === undefined ? {} : { EndpointName: endpointName }),
    };
  }

  private list(input: Wire<ListMonitoringSchedulesRequest>): Wire<ListMonitoringSchedulesResponse> {
    const { EndpointName, MonitoringJobDefinitionName, MonitoringTypeEquals } = input;
    const wanted = this.schedules
      .all()
      .flatMap(({ name }) => this.settled(name) ?? [])
      .filter(
        ({ endpointName, config }) =>
          (EndpointName === undefined || endpointName === EndpointName) &&
          (MonitoringJobDefinitionName === undefined ||
            config.MonitoringJobDefinitionName === MonitoringJobDefinitionName) &&
          (MonitoringTypeEquals === undefined || config.MonitoringType === MonitoringTypeEquals),
      );
    const { items, ...next } = page("ListMonitoringSchedules", wanted, input, (schedule) => ({
      name: schedule.name,
      created: schedule.created,
      modified: schedule.modified,
      status: statusOf(schedule),
    }));
    const MonitoringScheduleSummaries = items.map((schedule) => {
      const { MonitoringJobDefinitionName: definition, MonitoringType = "DataQuality" } = schedule.config;
      return {
        MonitoringScheduleName: schedule.name,
        MonitoringScheduleArn: schedule.arn,
        MonitoringScheduleStatus: statusOf(schedule),
        MonitoringType,
        CreationTime: schedule.created,
        LastModifiedTime: schedule.modified,
        ...(schedule.endpointName === undefined ? {} : { EndpointName: schedule.endpointName }),
        ...(definition === undefined ? {} : { MonitoringJobDefinitionName: definition }),
      };
    });
    return { MonitoringScheduleSummaries, ...next };
  }

  /** None has ever run. */
  private executions(input: Wire<ListMonitoringExecutionsRequest>): Wire<ListMonitoringExecutionsResponse> {
    if (input.MonitoringScheduleName !== undefined) this.known(input.MonitoringScheduleName);
    return { MonitoringExecutionSummaries: [] };
  }
}

const statusOf = ({ settles, becomes }: Schedule): "Pending" | "Scheduled" | "Stopped" =>
  now() < settles || becomes === "Deleted" ? "Pending" : becomes;
