import { createHash } from "node:crypto";
import type { DescribeModelPackageCommandOutput } from "@aws-sdk/client-sagemaker";
import * as t from "io-ts";
import { ARTIFACT_DIGEST, GOLDEN_URI } from "../shared/model-package";
import type { PromotionSource } from "./env";

/** What a person, or a delivery, asks for. */
export const PromoteEvent = t.intersection(
  [
    t.type({ requestedBy: t.string, because: t.string }),
    t.partial({
      /** ARN of the source's package, or its number in the source's group. Default: the one that was approved last. */
      modelPackage: t.string,
    }),
  ],
  "PromoteEvent",
);
export type PromoteEvent = t.TypeOf<typeof PromoteEvent>;

/** What was promoted, and what becomes of it. */
export const Promotion = t.intersection(
  [
    t.type({
      sourceArn: t.string,
      modelPackageArn: t.string,
      mlflowModelVersion: t.string,
      /** SHA-256 of the archive, here as there, in hexadecimal. */
      artifactSha256: t.string,
      approvalStatus: t.string,
    }),
    t.partial({
      /** The request for its deployment; none where a person has to approve it first. */
      deploymentId: t.string,
    }),
  ],
  "Promotion",
);
export type Promotion = t.TypeOf<typeof Promotion>;

/** A package may not be promoted, or what came of it is not what was evaluated. Another try changes nothing. */
export class PromotionError extends Error {
  constructor(message: string) {
    super(message);
    this.name = "PromotionError";
  }
}

export type PackageDocument = Pick<
  DescribeModelPackageCommandOutput,
  | "ModelPackageArn"
  | "ModelApprovalStatus"
  | "InferenceSpecification"
  | "ModelMetrics"
  | "DriftCheckBaselines"
  | "CustomerMetadataProperties"
>;

/** A package that can be promoted. */
export interface Promotable {
  document: PackageDocument;
  sourceArn: string;
  artifactUri: string;
  /** As it was registered, in hexadecimal. */
  artifactSha256: string;
  executionId: string;
}

/**
 * The package, with what a promotion must know of it.
 *
 * @param region where it is to serve
 * @throws PromotionError naming everything for which it can't be promoted
 */
export function promotable(document: PackageDocument, source: PromotionSource, region: string): Promotable {
  const { ModelPackageArn: sourceArn = "", ModelApprovalStatus: status = "unknown" } = document;
  const container = document.InferenceSpecification?.Containers?.[0];
  const { ModelDataUrl: artifactUri = "", Image: image = "" } = container ?? {};
  const { [ARTIFACT_DIGEST]: artifactSha256 = "", executionId = "" } = document.CustomerMetadataProperties ?? {};
  const imageRegion = /^\d{12}\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\./.exec(image)?.[1];
  const foreign = urisOf(document).filter((uri) => !uri.startsWith(`${rootOf(source)}/`));
  const problems = [
    ...(status === "Approved" ? [] : [`it is ${status}: only what is Approved is promoted`]),
    ...(artifactUri === "" ? ["it has no artifact"] : []),
    ...(artifactSha256 === ""
      ? [`its metadata have no ${ARTIFACT_DIGEST}, so nobody can tell whether it is what was evaluated`]
      : []),
    ...(executionId === "" ? ["its metadata have no executionId"] : []),
    ...(imageRegion === undefined || imageRegion === region
      ? []
      : [`its image ${image} is in ${imageRegion}, and an endpoint in ${region} takes none from there`]),
    ...foreign.map((uri) => `it refers to ${uri}, which is not below ${rootOf(source)}`),
  ];
  if (problems.length > 0) throw new PromotionError(`${sourceArn} can't be promoted: ${problems.join("; ")}.`);
  return { document, sourceArn, artifactUri, artifactSha256, executionId };
}

const rootOf = ({ bucketName, prefix }: PromotionSource): string => `s3://${bucketName}/${prefix}`;

/** ARN of the package that was asked for. @throws PromotionError when it is not one of the source's group */
export function sourceArnOf(
  wanted: string,
  { accountId, modelPackageGroupName: group }: PromotionSource,
  { partition, region }: { partition: string; region: string },
): string {
  // SageMaker writes names into ARNs in lower case.
  const stem = `arn:${partition}:sagemaker:${region}:${accountId}:model-package/${group.toLowerCase()}/`;
  const arn = /^[1-9]\d*$/.test(wanted) ? `${stem}${wanted}` : wanted;
  if (arn.toLowerCase().startsWith(stem) && /^[1-9]\d*$/.test(arn.slice(stem.length))) return arn;
  throw new PromotionError(
    `"${wanted}" is no package that this stack promotes: give the number of one in the group ${group}, or ${stem}NUMBER.`,
  );
}

/** What of a package names objects of S3. */
const partsOf = ({
  InferenceSpecification,
  ModelMetrics,
  DriftCheckBaselines,
  CustomerMetadataProperties,
}: PackageDocument) => ({ InferenceSpecification, ModelMetrics, DriftCheckBaselines, CustomerMetadataProperties });

/** Every S3 URI in the package, once: its artifact, its baselines, its golden sample (a folder). */
export function urisOf(document: PackageDocument): string[] {
  const found = new Set<string>();
  rewritten(partsOf(document), (uri) => {
    found.add(uri);
    return uri;
  });
  return [...found];
}

/** The folder of the golden sample among a package's URIs. */
export const goldenFolderOf = ({ CustomerMetadataProperties: metadata }: PackageDocument): string | undefined =>
  metadata?.[GOLDEN_URI];

/** Where an object of the source goes: the same path, below a folder of the package's own. */
export function destinationOf(uri: string, source: PromotionSource, promotedUri: string, sourceArn: string): string {
  const version = sourceArn.slice(sourceArn.lastIndexOf("/") + 1);
  const folder = `${promotedUri}/${source.accountId}/${source.modelPackageGroupName}/${version}`;
  return `${folder}${uri.slice(rootOf(source).length)}`;
}

/** All that is known of a package, with what its URIs name lying elsewhere. */
export const relocated = (document: PackageDocument, destination: (uri: string) => string) =>
  rewritten(partsOf(document), destination);

/** A document with another URI in the place of each; all else is as it was. */
function rewritten<A>(value: A, change: (uri: string) => string): A {
  if (typeof value === "string") return (value.startsWith("s3://") ? change(value) : value) as A;
  if (Array.isArray(value)) return value.map((each: unknown) => rewritten(each, change)) as A;
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, each]) => each !== undefined)
      .map(([name, each]) => [name, rewritten(each as unknown, change)]),
  ) as A;
}

/** The same for the same package: its promotion deploys it once. */
export const deploymentIdOf = (modelPackageArn: string): string =>
  `promotion-${createHash("sha256").update(modelPackageArn).digest("hex").slice(0, 32)}`;
