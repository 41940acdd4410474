import * as t from "io-ts";
import { Text } from "../shared/environment";

/** Environment of `compare-shadow`. URIs of folders have no slash at their ends. */
export const CompareShadowEnvironment = t.type(
  {
    ENDPOINT_NAME: Text,
    /** The variant that answers. */
    ENDPOINT_VARIANT_NAME: Text,
    /** Folder below which the endpoint's captures lie. */
    CAPTURE_URI: Text,
    /** Folder for reports. */
    REPORTS_URI: Text,
  },
  "CompareShadowEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type CompareShadowVariables = t.OutputOf<typeof CompareShadowEnvironment>;
