import type { Demand } from "./access";
import { repositoryArn } from "./arns";

/** What pulling an image takes of the role that it is pulled for; nothing where it is not in ECR. */
export function pulling(image: string): Demand[] {
  const repository = repositoryArn(image);
  if (repository === undefined) return [];
  return [
    { action: "ecr:GetAuthorizationToken", resources: ["*"] },
    ...["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"].map((action) => ({ action, resources: [repository] })),
  ];
}
