import type {
  DeleteDashboardsInput,
  GetDashboardInput,
  ListDashboardsInput,
  PutDashboardInput,
} from "@aws-sdk/client-cloudwatch";
import { AwsError, type Operation, type Wire } from "../server/json-service";
import type { Collection, Store } from "../server/store";
import { cloudWatchPage } from "./paging";

interface Dashboard {
  DashboardName: string;
  DashboardArn: string;
  DashboardBody: string;
  LastModified: number;
}

const PAGE = 1000;

/** Dashboards: their bodies are kept, and nobody draws them. */
export class Dashboards {
  private readonly documents: Collection<Dashboard>;

  constructor(
    store: Store,
    private readonly now: () => number,
    private readonly arnOf: (name: string) => string,
  ) {
    this.documents = store.collection("dashboards");
  }

  readonly operations: Record<string, Operation> = {
    PutDashboard: ({ DashboardName, DashboardBody }: Wire<PutDashboardInput>) => {
      const DashboardValidationMessages = faultsOf(DashboardBody);
      if (DashboardValidationMessages.length > 0) {
        const message = "The field DashboardBody must be a valid JSON object with a list of widgets";
        throw new AwsError("DashboardInvalidInputError", message, 400, {
          dashboardValidationMessages: DashboardValidationMessages,
        });
      }
      const document = {
        DashboardName,
        DashboardArn: this.arnOf(DashboardName),
        DashboardBody,
        LastModified: this.now(),
      };
      if (!this.documents.insert(DashboardName, document)) this.documents.update(DashboardName, () => document);
      return Promise.resolve({ DashboardValidationMessages });
    },
    GetDashboard: ({ DashboardName }: Wire<GetDashboardInput>) => {
      const { DashboardArn, DashboardBody } = this.get(DashboardName);
      return Promise.resolve({ DashboardName, DashboardArn, DashboardBody });
    },
    ListDashboards: ({ DashboardNamePrefix = "", NextToken }: Wire<ListDashboardsInput>) => {
      const found = this.documents
        .all()
        .filter(({ DashboardName }) => DashboardName.startsWith(DashboardNamePrefix))
        .sort((one, other) => (one.DashboardName < other.DashboardName ? -1 : 1));
      const { page, NextToken: next } = cloudWatchPage(found, ({ DashboardName }) => DashboardName, NextToken, PAGE);
      const DashboardEntries = page.map(({ DashboardBody, ...entry }) => ({
        ...entry,
        Size: Buffer.byteLength(DashboardBody),
      }));
      return Promise.resolve({ DashboardEntries, ...next });
    },
    DeleteDashboards: ({ DashboardNames }: Wire<DeleteDashboardsInput>) => {
      for (const name of DashboardNames) this.get(name); // all are there, or none is deleted
      for (const name of DashboardNames) this.documents.remove(name);
      return Promise.resolve({});
    },
  };

  private get(name: string): Dashboard {
    const found = this.documents.get(name);
    if (!found) throw new AwsError("DashboardNotFoundError", `Dashboard ${name} does not exist`, 404);
    return found;
  }
}

function faultsOf(body: string): { DataPath: string; Message: string }[] {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch (error) {
    return [{ DataPath: "/", Message: `The body is not JSON: ${(error as Error).message}` }];
  }
  const widgets = (parsed as { widgets?: unknown } | null)?.widgets;
  if (!Array.isArray(widgets)) return [{ DataPath: "/widgets", Message: "Should be a list" }];
  return widgets.flatMap((widget: unknown, index) => {
    const { type, properties } = (widget ?? {}) as { type?: unknown; properties?: unknown };
    const good = typeof type === "string" && typeof properties === "object" && properties !== null;
    return good ? [] : [{ DataPath: `/widgets/${index}`, Message: "Should have a type and properties" }];
  });
}
