// `npm run lint`: types, lint and format of everything; all are run, the exit code says whether all passed.
import { spawnSync } from "node:child_process";

const checks: [string, string[]][] = [
  ["tsc", ["--noEmit", "-p", "."]],
  ["eslint", ["."]],
  ["prettier", ["--check", "--log-level", "warn", "**/*.{ts,mjs,json}"]],
  ["ruff", ["check", "."]],
  ["ruff", ["format", "--check", "."]],
];

const failed = checks.filter(([command, args]) => {
  console.log(`$ ${command} ${args.join(" ")}`);
  return spawnSync(command, args, { stdio: "inherit" }).status !== 0;
});
for (const [command, args] of failed) console.error(`failed: ${command} ${args.join(" ")}`);
process.exit(failed.length ? 1 : 0);
