/** What the Pulumi engine starts, with its own address as argument: serves the provider and prints its port. */
import { engineLog } from "./engine-log";
import { Provider, serve } from "./server";

const [, , engine = ""] = process.argv;
const provider = new Provider(
  {
    account: process.env["AWS_ACCOUNT_ID"] ?? "123456789012",
    region: process.env["AWS_REGION"] ?? "us-east-1",
    planOnly: process.env["AWS_LOCAL_PLAN_ONLY"] === "1",
    defaultTags: {},
  },
  engineLog(engine),
);

serve(provider).then(
  (port) => console.log(port),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
