import * as t from "io-ts";
import { json, Tags, Text } from "../shared/environment";

/** Environment of `teardown`. */
export const TeardownEnvironment = t.type(
  {
    ENDPOINT_NAME: Text,
    /** The variant that scales: an endpoint can't be deleted before it does no longer. */
    ENDPOINT_VARIANT_NAME: Text,
    PIPELINE_NAME: Text,
    /** Queue of the pipeline's callback step. */
    QUEUE_URL: Text,
    /** Its packages are removed, since a group that holds any cannot be deleted. */
    MODEL_PACKAGE_GROUP_NAME: Text,
    /** JSON record, not empty: endpoint configs and models that carry all of these tags are removed. */
    RESOURCE_TAGS: json(Tags),
    /** Family of the launcher's task. */
    TASK_FAMILY: Text,
    /** JSON record, not empty: active revisions of the family that carry all of these tags are deregistered. */
    TASK_TAGS: json(Tags),
  },
  "TeardownEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type TeardownVariables = t.OutputOf<typeof TeardownEnvironment>;
