import { AwsError } from "../server/json-service";
import { SERVICE_ACCESS_KEY_ID } from "../server/service-caller";

/** Something that a caller must be allowed to do, on each of the resources. */
export interface Demand {
  /** `sagemaker:CreateModel`. */
  action: string;
  /** ARNs, or `*` where the action knows no resource. */
  resources: readonly string[];
  /** Condition keys and their values. */
  context?: Readonly<Record<string, string | readonly string[]>>;
  /** Policies of those resources that the local services keep, by ARN: JSON, empty where a resource has none. */
  resourcePolicies?: Readonly<Record<string, string>>;
}

/** Who asks: whoever signed a request, or a service in the name of a role. */
export type Principal = { accessKeyId: string; sessionToken?: string } | { roleArn: string; session: string };

interface Answer {
  allowed: boolean;
  code?: string;
  message?: string;
}

/** How long a permission holds, in milliseconds: a change of a policy takes a moment on AWS, too. */
const KEPT_MILLISECONDS = 2_000;
const MAX_KEPT = 1_000;

/** Whether callers may do what they ask for. Their policies, and the decision, are the emulator's. */
export class Access {
  private readonly kept = new Map<string, { until: number; answer: Promise<Answer> }>();

  /**
   * @param emulator its address; undefined where nothing is enforced
   * @param rootKeys access keys that may do everything: those of the account's own user, and of AWS's services
   */
  constructor(
    private readonly emulator: string | undefined,
    private readonly rootKeys: readonly string[],
  ) {}

  get enforced(): boolean {
    return this.emulator !== undefined;
  }

  /** @throws AwsError in AWS's words, for the first demand that is not allowed */
  async require(principal: Principal, demands: () => readonly Demand[]): Promise<void> {
    if (this.emulator === undefined) return;
    if ("accessKeyId" in principal && [SERVICE_ACCESS_KEY_ID, ...this.rootKeys].includes(principal.accessKeyId)) return;
    const {
      allowed,
      code = "AccessDeniedException",
      message = "",
    } = await this.answer({
      ...principal,
      demands: demands(),
    });
    if (!allowed) throw new AwsError(code, message, code === "AccessDeniedException" ? 400 : 403);
  }

  private async answer(question: object): Promise<Answer> {
    const body = JSON.stringify(question);
    const known = this.kept.get(body);
    if (known && known.until > Date.now()) return known.answer;
    const answer = this.ask(body);
    if (this.kept.size >= MAX_KEPT) this.kept.clear();
    this.kept.set(body, { until: Date.now() + KEPT_MILLISECONDS, answer });
    const forget = (): void => void this.kept.delete(body);
    answer.then(({ allowed }) => allowed || forget(), forget);
    return answer;
  }

  private async ask(body: string): Promise<Answer> {
    const response = await fetch(`${this.emulator}/_local/iam/authorize`, { method: "POST", body });
    if (!response.ok) throw new Error(`the emulator does not say who may do what: ${await response.text()}`);
    return (await response.json()) as Answer;
  }
}
