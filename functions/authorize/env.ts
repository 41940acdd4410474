import * as t from "io-ts";
import { json, Text } from "../shared/environment";

/** Environment of `authorize`. */
export const AuthorizeEnvironment = t.type(
  {
    /** The claim `iss` that tokens must have. */
    JWT_ISSUER: Text,
    /** JSON list: any of these must be in the claim `aud`. */
    JWT_AUDIENCE: json(t.array(t.string)),
    /** Where the issuer's public keys are. */
    JWKS_URI: Text,
  },
  "AuthorizeEnvironment",
);
/** The variables as Lambda wants them: all strings. */
export type AuthorizeVariables = t.OutputOf<typeof AuthorizeEnvironment>;
