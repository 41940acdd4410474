import type { Found } from "./lifecycle";
import type { Properties } from "./values";

/** The argument with which the provider looks for what is asked on its standard input, instead of serving an engine. */
export const FIND = "--find";

/** What is looked for: resources whose creation was cut off. */
export interface Wanted {
  creations: { urn: string; inputs: Properties; region?: string }[];
  /** Ids of the resources that are known. */
  taken: string[];
}

/** What was found, in the order of the creations; null where a creation made nothing. */
export type Findings = (Found | null)[];
