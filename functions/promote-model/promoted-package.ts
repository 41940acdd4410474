import { createHash } from "node:crypto";
import type { CreateModelPackageCommandInput, ModelApprovalStatus } from "@aws-sdk/client-sagemaker";
import { relocated, type Promotable, type PromoteEvent } from "./logic";

/** Metadata of a promoted package: the one that it is a copy of, and who asked for it. */
const PROMOTED_FROM = "promotedFrom";
const PROMOTED_BY = "promotedBy";

/** SageMaker's limits on descriptions, and on values of metadata. */
const DESCRIPTION_CHARACTERS = 1024;
const METADATA_CHARACTERS = 256;
const NOT_IN_METADATA = /[^\p{L}\p{Z}\p{N}_.:/=+\-@]/gu;

export interface PackageHere {
  groupName: string;
  approvalStatus: ModelApprovalStatus;
  mlflowModelVersion: string;
  /** Where the object of a URI of the source lies here. */
  destination: (uri: string) => string;
}

/** The copy that is registered here, with all that is known of the package. The same gives the same, token included. */
export function promotedPackage(
  { document, sourceArn }: Promotable,
  { groupName, approvalStatus, mlflowModelVersion, destination }: PackageHere,
  { requestedBy, because }: PromoteEvent,
): CreateModelPackageCommandInput {
  const {
    InferenceSpecification: serving,
    CustomerMetadataProperties,
    ...baselines
  } = relocated(document, destination);
  return {
    ModelPackageGroupName: groupName,
    ModelPackageDescription: `Promoted from ${sourceArn}: ${because}`
      .replace(/\p{C}/gu, " ")
      .slice(0, DESCRIPTION_CHARACTERS),
    ModelApprovalStatus: approvalStatus,
    InferenceSpecification: serving && {
      ...serving,
      // What SageMaker found out of a container by itself, such as its image's digest, it finds out again.
      Containers: serving.Containers?.map(({ Image, ModelDataUrl, Environment }) => ({
        Image,
        ModelDataUrl,
        ...(Environment === undefined ? {} : { Environment }),
      })),
    },
    ...baselines,
    CustomerMetadataProperties: {
      ...CustomerMetadataProperties,
      mlflowVersion: mlflowModelVersion,
      [PROMOTED_FROM]: sourceArn,
      [PROMOTED_BY]: requestedBy.replace(NOT_IN_METADATA, "_").slice(0, METADATA_CHARACTERS),
    },
    ClientToken: createHash("sha256").update(`${groupName} ${sourceArn}`).digest("hex").slice(0, 36),
  };
}
