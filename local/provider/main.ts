/** What the Pulumi engine starts, with its own address as argument: serves the provider and prints its port. */
import { engineLog } from "./engine-log";
import { find } from "./find";
import { FIND } from "./finding";
import type { Settings } from "./lifecycle";
import { Provider, serve } from "./server";

const settings: Settings = {
  account: process.env["AWS_ACCOUNT_ID"] ?? "123456789012",
  region: process.env["AWS_REGION"] ?? "us-east-1",
  planOnly: process.env["AWS_LOCAL_PLAN_ONLY"] === "1",
  defaultTags: {},
};

const [, , argument = ""] = process.argv;
const answer = argument === FIND ? find(settings, process.stdin) : serve(new Provider(settings, engineLog(argument)));

answer.then(
  (line) => console.log(line),
  (error: unknown) => {
    console.error(error);
    process.exitCode = 1;
  },
);
