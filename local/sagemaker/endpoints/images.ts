/** Images that run here, by the name of their repository: their versions. Processors and Pythons may follow a version. */
const FRAMEWORKS: Readonly<Record<string, readonly string[]>> = {
  "sagemaker-xgboost": ["1.0-1", "1.2-1", "1.2-2", "1.3-1", "1.5-1", "1.7-1", "3.0-5"],
  "sagemaker-scikit-learn": ["0.20.0", "0.23-1", "1.0-1", "1.2-1", "1.4-2"],
};

/** `account.dkr.ecr.region.domain/repository:tag`, of any partition. */
const IMAGE = /^\d{12}\.dkr\.ecr(?:-fips)?\.[a-z0-9-]+\.[a-z0-9.]+\/([a-z0-9._/-]+):([\w.-]+)$/;

/**
 * The framework whose container an image holds, as its repository is named. Its version is not looked at further: all
 * run on the same packages.
 *
 * @returns undefined when it is none that runs here
 */
export function frameworkOf(image: string): string | undefined {
  const [, repository = "", tag = ""] = IMAGE.exec(image) ?? [];
  const versions = Object.hasOwn(FRAMEWORKS, repository) ? FRAMEWORKS[repository] : undefined;
  return versions?.includes(tag.replace(/(-(cpu|gpu))?(-py\d+)?$/, "")) ? repository : undefined;
}

/** What runs here, for a refusal. */
export function knownImages(): string {
  return Object.entries(FRAMEWORKS)
    .map(([repository, versions]) => `${repository} (${versions.join(", ")})`)
    .join(" and ");
}
