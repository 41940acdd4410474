import { suggest } from "../config/nearest";

/** AWS's account that holds the images of XGBoost and scikit-learn, by region. */
const frameworkAccounts = {
  "af-south-1": "510948584623",
  "ap-east-1": "651117190479",
  "ap-northeast-1": "354813040037",
  "ap-northeast-2": "366743142698",
  "ap-northeast-3": "867004704886",
  "ap-south-1": "720646828776",
  "ap-south-2": "628508329040",
  "ap-southeast-1": "121021644041",
  "ap-southeast-2": "783357654285",
  "ap-southeast-3": "951798379941",
  "ap-southeast-4": "106583098589",
  "ca-central-1": "341280168497",
  "ca-west-1": "190319476487",
  "cn-north-1": "450853457545",
  "cn-northwest-1": "451049120500",
  "eu-central-1": "492215442770",
  "eu-central-2": "680994064768",
  "eu-north-1": "662702820516",
  "eu-south-1": "978288397137",
  "eu-south-2": "104374241257",
  "eu-west-1": "141502667606",
  "eu-west-2": "764974769150",
  "eu-west-3": "659782779980",
  "il-central-1": "898809789911",
  "me-central-1": "272398656194",
  "me-south-1": "801668240914",
  "sa-east-1": "737474898029",
  "us-east-1": "683313688378",
  "us-east-2": "257758044811",
  "us-gov-east-1": "237065988967",
  "us-gov-west-1": "414596584902",
  "us-iso-east-1": "833128469047",
  "us-isob-east-1": "281123927165",
  "us-isof-east-1": "108575199400",
  "us-isof-south-1": "124985052026",
  "us-west-1": "746614075791",
  "us-west-2": "246618743249",
} as const;

/** Tags of the images, by framework and version. Some name processor and Python. */
const tags = {
  "sagemaker-xgboost": {
    "1.0-1": "1.0-1-cpu-py3",
    "1.2-1": "1.2-1",
    "1.2-2": "1.2-2",
    "1.3-1": "1.3-1",
    "1.5-1": "1.5-1",
    "1.7-1": "1.7-1",
    "3.0-5": "3.0-5",
  },
  "sagemaker-scikit-learn": {
    "0.20.0": "0.20.0-cpu-py3",
    "0.23-1": "0.23-1-cpu-py3",
    "1.0-1": "1.0-1-cpu-py3",
    "1.2-1": "1.2-1-cpu-py3",
    "1.4-2": "1.4-2-cpu-py3",
  },
  "sagemaker-spark-processing": {
    "3.5": "3.5-cpu-py312",
  },
} as const;

/** The one that holds the Spark images. */
const sparkAccounts = {
  "af-south-1": "309385258863",
  "ap-east-1": "732049463269",
  "ap-east-2": "533267296287",
  "ap-northeast-1": "411782140378",
  "ap-northeast-2": "860869212795",
  "ap-northeast-3": "102471314380",
  "ap-south-1": "105495057255",
  "ap-south-2": "873151114052",
  "ap-southeast-1": "759080221371",
  "ap-southeast-2": "440695851116",
  "ap-southeast-3": "800295151634",
  "ap-southeast-4": "819679513684",
  "ap-southeast-5": "841784149062",
  "ap-southeast-7": "471112967968",
  "ca-central-1": "446299261295",
  "ca-west-1": "000907499111",
  "cn-north-1": "671472414489",
  "cn-northwest-1": "844356804704",
  "eu-central-1": "906073651304",
  "eu-central-2": "142351485170",
  "eu-north-1": "330188676905",
  "eu-south-1": "753923664805",
  "eu-south-2": "833944533722",
  "eu-west-1": "571004829621",
  "eu-west-2": "836651553127",
  "eu-west-3": "136845547031",
  "il-central-1": "408426139102",
  "me-central-1": "395420993607",
  "me-south-1": "750251592176",
  "mx-central-1": "211125459255",
  "sa-east-1": "737130764395",
  "us-east-1": "173754725891",
  "us-east-2": "314815235551",
  "us-gov-east-1": "260923028637",
  "us-gov-west-1": "271483468897",
  "us-west-1": "667973535471",
  "us-west-2": "153931337802",
} as const;

/** Accounts by framework and region. */
const accounts = {
  "sagemaker-xgboost": frameworkAccounts,
  "sagemaker-scikit-learn": frameworkAccounts,
  "sagemaker-spark-processing": sparkAccounts,
} as const satisfies Readonly<Record<keyof typeof tags, Readonly<Record<string, string>>>>;

/** A framework whose images AWS publishes. */
export type Framework = keyof typeof tags;
/** A region that holds those of XGBoost and scikit-learn. */
export type ImageRegion = keyof typeof frameworkAccounts;

/** The registry's domain outside the commercial partition, by the region's beginning. */
const domains: readonly (readonly [string, string])[] = [
  ["cn-", "amazonaws.com.cn"],
  ["us-iso-", "c2s.ic.gov"],
  ["us-isob-", "sc2s.sgov.gov"],
  ["us-isof-", "csp.hci.ic.gov"],
];

/** The registry's domain in a region. */
export const registryDomain = (region: string): string =>
  domains.find(([start]) => region.startsWith(start))?.[1] ?? "amazonaws.com";

/** @throws Error for a key that the table lacks; it lists those that it has. */
export function lookUp(table: Readonly<Record<string, string>>, key: string, what: string): string {
  const found = Object.hasOwn(table, key) ? table[key] : undefined;
  if (found !== undefined) return found;
  const known = Object.keys(table);
  throw new Error(
    `there is no image of ${what} ${JSON.stringify(key)}: ${suggest(key, known)} (known: ${known.join(", ")})`,
  );
}

/** Versions of a framework that there are images of. */
export function frameworkVersions(framework: Framework): readonly string[] {
  return Object.keys(tags[framework]);
}

/**
 * The URI of AWS's image of a framework.
 * @param version as SageMaker counts: "3.0-5".
 * @throws {Error} for a version or region without image; it lists those with one.
 * @example imageUri("sagemaker-xgboost", "3.0-5", "eu-west-1")
 */
export function imageUri(framework: Framework, version: string, region: string): string {
  const tag = lookUp(tags[framework], version, `${framework} in version`);
  const account = lookUp(accounts[framework], region, `${framework} in region`);
  return `${account}.dkr.ecr.${region}.${registryDomain(region)}/${framework}:${tag}`;
}
