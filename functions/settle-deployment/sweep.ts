import { answer } from "../shared/callback";
import { log } from "../shared/log";
import { maintain } from "../shared/maintenance";
import {
  settleDeployment,
  type Settlement,
  type SettlementClients,
  type SettlementSettings,
} from "../shared/settlement";
import { isOverdue } from "./logic";

/**
 * Does what nobody else did: settles a deployment whose event was lost, answers a callback that has waited longer than
 * a deployment can take, calls deploy-model where something waits to go on, and sees to what else an endpoint needs.
 *
 * @param nudge calls deploy-model
 */
export async function sweep(
  clients: SettlementClients,
  settings: SettlementSettings,
  nudge: () => Promise<void>,
): Promise<Settlement> {
  const { sagemaker, deployments } = clients;
  const settlement = await settleDeployment(clients, settings);
  const now = new Date();
  const current = await deployments.current();
  if (current !== undefined && isOverdue(current, settings.endpoint.timeoutSeconds, now)) {
    const reason = `The deployment, begun ${current.begunAt}, has not ended; the endpoint is still being changed.`;
    if (current.token !== undefined) await answer(sagemaker, current.token, { succeeded: false, reason });
    await deployments.markOverdue(current, now);
    log.error("deployment overdue", { configName: current.configName, begunAt: current.begunAt });
  }
  const waits = current?.phase === "checking" || current?.phase === "starting";
  if (waits || (await deployments.queued(now)).length > 0) await nudge();
  if (current?.phase === "settled") await maintain(clients, settings.endpoint);
  return settlement;
}
