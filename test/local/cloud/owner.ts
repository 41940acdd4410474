// Starts a cloud in the folder that it is given, keeps it up where the second word is `keep`, says `up`, and waits.
import { startCloud } from "../../../local/cloud";

async function main(): Promise<void> {
  const [directory = "", keep] = process.argv.slice(2);
  const cloud = await startCloud({ directory, region: "eu-west-1" });
  if (keep === "keep") await cloud.keep();
  console.log("up");
  setInterval(() => undefined, 1_000);
}

void main();
