/** Where resources are. */
export interface Place {
  region: string;
  accountId: string;
}

/** An ARN in a place; what is one already stays as it is. */
export function arnIn({ region, accountId }: Place, service: string, resource: string): string {
  return resource.startsWith("arn:") ? resource : `arn:aws:${service}:${region}:${accountId}:${resource}`;
}

/** The ARN of an image's repository in ECR; undefined where it is another registry's. */
export function repositoryArn(image: string): string | undefined {
  const [, account, region, name] =
    /^(\d{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com(?:\.cn)?\/([^:@]+)/.exec(image) ?? [];
  return name === undefined ? undefined : `arn:aws:ecr:${region}:${account}:repository/${name}`;
}
