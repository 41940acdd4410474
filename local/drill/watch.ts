// What is to be seen of an endpoint while it is deployed.
import {
  DescribeEndpointCommand,
  type DescribeEndpointCommandOutput,
  type SageMakerClient,
} from "@aws-sdk/client-sagemaker";

/** What the endpoint was in from a time on. */
export interface Moment {
  /** Epoch milliseconds. */
  at: number;
  /** Its status, and the stage of the deployment where there is one: `Updating: Baking`. */
  text: string;
  status: string;
  liveConfig: string;
  pendingConfig?: string;
  /** Capacity that a stage is about: canary or full. */
  capacity?: string;
  failure?: string;
}

const LOOK_MILLISECONDS = 150;

/** Looks at an endpoint until it is told to end, and keeps what changes. */
export class EndpointWatch {
  readonly moments: Moment[] = [];
  private over = false;
  private readonly looking: Promise<void>;

  constructor(
    private readonly sagemaker: SageMakerClient,
    private readonly endpointName: string,
  ) {
    this.looking = this.look();
  }

  /** The first moment since a time for which something holds. */
  since(from: number, holds: (moment: Moment) => boolean): Moment | undefined {
    return this.moments.find((moment) => moment.at >= from && holds(moment));
  }

  async end(): Promise<void> {
    this.over = true;
    await this.looking;
  }

  private async look(): Promise<void> {
    while (!this.over) {
      try {
        this.note(await this.sagemaker.send(new DescribeEndpointCommand({ EndpointName: this.endpointName })));
      } catch (error) {
        // The next look may do better; a drill that sees nothing is given up by its own deadline.
        console.error(`the endpoint can't be looked at: ${(error as Error).message}`);
      }
      await new Promise((wake) => setTimeout(wake, LOOK_MILLISECONDS));
    }
  }

  private note(described: DescribeEndpointCommandOutput): void {
    const pending = described.PendingDeploymentSummary;
    const stage = pending?.ProductionVariants?.[0]?.VariantStatus?.[0];
    const capacity = /(canary|linear|full) capacity/.exec(stage?.StatusMessage ?? "")?.[1];
    const status = described.EndpointStatus ?? "";
    const text = [status, stage?.Status, capacity].filter(Boolean).join(" · ");
    const moment: Moment = {
      at: Date.now(),
      text,
      status,
      liveConfig: described.EndpointConfigName ?? "",
      ...(pending?.EndpointConfigName === undefined ? {} : { pendingConfig: pending.EndpointConfigName }),
      ...(capacity === undefined ? {} : { capacity }),
      ...(described.FailureReason === undefined ? {} : { failure: described.FailureReason }),
    };
    const last = this.moments.at(-1);
    if (last?.text !== moment.text || last.liveConfig !== moment.liveConfig) this.moments.push(moment);
  }
}
