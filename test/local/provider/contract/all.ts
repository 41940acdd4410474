import { TYPES } from "../../../../local/provider/types";
import { ANALYTICS } from "./analytics";
import { APIGATEWAY } from "./apigateway";
import { COMPUTE } from "./compute";
import { DELIVERY } from "./delivery";
import { EVENTS } from "./events";
import type { Examples } from "./examples";
import { NETWORK } from "./network";
import { STORAGE } from "./storage";

/** The examples of all types. */
export const EXAMPLES: Record<string, Examples> = {
  ...ANALYTICS,
  ...APIGATEWAY,
  ...COMPUTE,
  ...DELIVERY,
  ...EVENTS,
  ...NETWORK,
  ...STORAGE,
};

/** Inputs that the provider keeps for itself. */
export function ownInputs(type: string): readonly string[] {
  const counterpart = TYPES[type]?.cloudFormation ?? { none: "" };
  return "none" in counterpart ? [] : (counterpart.own ?? []);
}
