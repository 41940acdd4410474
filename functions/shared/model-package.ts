/** Metadata of a model package: SHA-256 of its archive when it was registered, in hexadecimal. */
export const ARTIFACT_DIGEST = "artifactSha256";

/** Metadata of a model package: folder of the rows that were scored in the evaluation, without a slash at its end. */
export const GOLDEN_URI = "goldenUri";
