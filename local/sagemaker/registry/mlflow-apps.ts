import type {
  CreateMlflowAppRequest,
  CreateMlflowAppResponse,
  DeleteMlflowAppRequest,
  DeleteMlflowAppResponse,
  DescribeMlflowAppRequest,
  DescribeMlflowAppResponse,
  ListMlflowAppsRequest,
  ListMlflowAppsResponse,
  UpdateMlflowAppRequest,
  UpdateMlflowAppResponse,
} from "@aws-sdk/client-sagemaker";
import type { Wire } from "../../server/json-service";
import { randomId } from "../arns";
import { conflict, notFound } from "../errors";
import { page } from "../paging";
import type { SageMakerContext } from "../state";
import type { Collection } from "../../server/store";
import { now } from "../time";

type MlflowApp = Wire<DescribeMlflowAppResponse> & { Arn: string; Name: string; CreationTime: number };

/** The MLflow version that an app says it runs when none is asked for. */
const MLFLOW_VERSION = "3.0";

/** MLflow apps as SageMaker lists them; the server that answers is a process of the local cloud. Kept by ARN. */
export class MlflowApps {
  private readonly apps: Collection<MlflowApp>;

  constructor(private readonly context: SageMakerContext) {
    this.apps = context.store.collection<MlflowApp>("mlflow-app");
  }

  readonly operations = {
    CreateMlflowApp: (input: Wire<CreateMlflowAppRequest>) => Promise.resolve(this.create(input)),
    DescribeMlflowApp: (input: Wire<DescribeMlflowAppRequest>) => Promise.resolve(this.describe(input.Arn)),
    UpdateMlflowApp: (input: Wire<UpdateMlflowAppRequest>) => Promise.resolve(this.update(input)),
    DeleteMlflowApp: (input: Wire<DeleteMlflowAppRequest>) => Promise.resolve(this.delete(input.Arn)),
    ListMlflowApps: (input: Wire<ListMlflowAppsRequest>) => Promise.resolve(this.list(input)),
  };

  private create(input: Wire<CreateMlflowAppRequest>): Wire<CreateMlflowAppResponse> {
    const { Tags, ...request } = input;
    if (this.apps.all().some((app) => app.Name === request.Name)) {
      throw conflict(`An MLflow app named ${request.Name} already exists.`);
    }
    const Arn = this.context.arns.sagemaker(`mlflow-app/app-${randomId(12).toUpperCase()}`);
    const created = now();
    this.context.store.transaction(() => {
      this.apps.insert(Arn, {
        ...request,
        Arn,
        MlflowVersion: MLFLOW_VERSION,
        Status: "Created",
        CreationTime: created,
        LastModifiedTime: created,
      });
      this.context.tags.create(Arn, Tags);
    });
    return { Arn };
  }

  private describe(arn: string): MlflowApp {
    const app = this.apps.get(arn);
    if (!app) throw notFound("MLflow app", arn);
    return app;
  }

  private update(input: Wire<UpdateMlflowAppRequest>): Wire<UpdateMlflowAppResponse> {
    const { Arn, ...changes } = input;
    this.describe(Arn);
    this.apps.update(Arn, (app) => ({ ...app, ...changes, Status: "Updated", LastModifiedTime: now() }));
    return { Arn };
  }

  private delete(arn: string): Wire<DeleteMlflowAppResponse> {
    this.describe(arn);
    this.context.store.transaction(() => {
      this.apps.remove(arn);
      this.context.tags.remove(arn);
    });
    return { Arn: arn };
  }

  private list(input: Wire<ListMlflowAppsRequest>): Wire<ListMlflowAppsResponse> {
    const { Status, MlflowVersion, DefaultForDomainId, AccountDefaultStatus } = input;
    const wanted = this.apps
      .all()
      .filter(
        (app) =>
          (!Status || app.Status === Status) &&
          (!MlflowVersion || app.MlflowVersion === MlflowVersion) &&
          (!DefaultForDomainId || app.DefaultDomainIdList?.includes(DefaultForDomainId)) &&
          (!AccountDefaultStatus || app.AccountDefaultStatus === AccountDefaultStatus),
      );
    const { items, ...next } = page("ListMlflowApps", wanted, input, (app) => ({
      name: app.Name,
      created: app.CreationTime,
      status: app.Status ?? "",
    }));
    const Summaries = items.map(({ Arn, Name, Status, CreationTime, LastModifiedTime, MlflowVersion }) => ({
      Arn,
      Name,
      CreationTime,
      ...(Status === undefined ? {} : { Status }),
      ...(LastModifiedTime === undefined ? {} : { LastModifiedTime }),
      ...(MlflowVersion === undefined ? {} : { MlflowVersion }),
    }));
    return { Summaries, ...next };
  }
}
