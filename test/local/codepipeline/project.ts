import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bundleAll } from "../../../functions/bundle";

const PROJECT_ROOT = resolve(__dirname, "..", "..", "..");

/** What the project's tests leave: of four, one skipped and one failed. */
const JUNIT = `<?xml version="1.0"?>
<testsuites><testsuite name="unit">
  <testcase name="one" time="0.25"/><testcase name="two" time="0.5"/>
  <testcase name="three" time="0"><skipped/></testcase>
  <testcase name="four" time="1"><failure message="2 is not 3">at four</failure></testcase>
</testsuite></testsuites>`;

const COBERTURA = `<?xml version="1.0"?>
<coverage lines-valid="200" lines-covered="150" branches-valid="40" branches-covered="10"><packages/></coverage>`;

/** A project in a repository of its own: this one's buildspec.yml and what it runs, and tests that are over at once. */
export class TestProject {
  readonly directory = mkdtempSync(join(tmpdir(), "delivered-"));

  async prepare(): Promise<void> {
    const bundles = join(this.directory, ".bundles");
    await bundleAll({ outDir: bundles });
    const write = (file: string, content: string) => {
      mkdirSync(join(this.directory, file, ".."), { recursive: true });
      writeFileSync(join(this.directory, file), content);
    };
    mkdirSync(join(this.directory, "dist/delivery"), { recursive: true });
    copyFileSync(join(bundles, "delivery/release-image.js"), join(this.directory, "dist/delivery/release-image.js"));
    for (const file of ["buildspec.yml", "Dockerfile"]) {
      copyFileSync(join(PROJECT_ROOT, file), join(this.directory, file));
    }
    rmSync(bundles, { recursive: true });
    write("dist/launcher/index.js", "// the launcher\n");
    write("reports/results/unit.xml", JUNIT);
    write("reports/coverage/cobertura-coverage.xml", COBERTURA);
    this.git("init", "--quiet");
    this.commit("1.0.0", "true");
  }

  /** Commits a version whose tests are one shell command. @returns the revision */
  commit(version: string, test: string): string {
    const spec = [
      "version: 0.2",
      "phases:",
      "  build:",
      "    commands:",
      `      - ${JSON.stringify(test)}`,
      "reports:",
      "  results: {base-directory: reports/results, files: ['*.xml'], file-format: JUNITXML}",
      "  coverage: {base-directory: reports/coverage, files: [cobertura-coverage.xml], file-format: COBERTURAXML}",
      "artifacts:",
      "  files: [Dockerfile, buildspec.yml, package.json, dist/delivery/*, dist/launcher/**/*]",
      "",
    ].join("\n");
    writeFileSync(join(this.directory, "testspec.yml"), spec);
    writeFileSync(join(this.directory, "package.json"), JSON.stringify({ version }));
    this.git("add", "--all");
    const author = ["-c", "user.name=Test", "-c", "user.email=test@example.com"];
    this.git(...author, "commit", "--quiet", "--allow-empty", "--message", `${version}: ${test}`);
    return this.git("rev-parse", "HEAD").trim();
  }

  clean(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }

  private git(...words: string[]): string {
    return execFileSync("git", ["-C", this.directory, ...words], { encoding: "utf8" });
  }
}
