import type { LambdaClient } from "@aws-sdk/client-lambda";
import { ShadowRun } from "../functions/compare-shadow/logic";
import { invoke } from "./invoke";

/** Has a stack's function compare its endpoint's shadow with what was answered; times are ISO 8601. */
export const compareShadow = (
  lambda: Pick<LambdaClient, "send">,
  functionName: string,
  period: { from?: string | undefined; to?: string | undefined },
): Promise<ShadowRun> => invoke(lambda, functionName, period, ShadowRun);
