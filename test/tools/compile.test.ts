import { expect } from "chai";
import { execFileSync, spawnSync } from "node:child_process";
import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { bySource } from "../../local/preview/compiled";
import { compile } from "../../tools/compile.mjs";

describe("a TypeScript entry as one compiled file", function () {
  this.timeout(60_000);
  const root = realpathSync(mkdtempSync(join(tmpdir(), "compile-")));
  const began = Math.floor(Date.now() / 1000) - 3600;
  let writes = 0;
  after(() => rmSync(root, { recursive: true, force: true }));

  function write(file: string, text: string): void {
    mkdirSync(join(root, file, ".."), { recursive: true });
    writeFileSync(join(root, file), text);
    // Each later than the one before, and all of them older than what is made of them.
    const seconds = began + writes++;
    utimesSync(join(root, file), seconds, seconds);
  }
  const run = (file: string) => execFileSync(process.execPath, [file], { encoding: "utf8" }).trim().split("\n");

  it("runs as its sources would, and is made anew when one of them changes, and only then", async () => {
    write("tsconfig.json", "{}");
    write(
      "app/main.ts",
      'import { here } from "./deep/here";\nimport { join } from "own-path";\nconsole.log(here, join("a", "b"));',
    );
    write("app/deep/here.ts", "export const here: string = __dirname;");
    const make = () => compile(root, "app/main.ts", { "own-path": "node:path" });
    const file = await make();
    expect(run(file)).to.deep.equal([`${join(root, "app", "deep")} a/b`]);
    const { ino } = statSync(file);
    expect(statSync(await make()).ino).to.equal(ino);
    write("app/deep/here.ts", 'export const here: string = "elsewhere";');
    expect(run(await make())).to.deep.equal(["elsewhere a/b"]);
    // A file is found before a folder of its name.
    write("app/deep/here/index.ts", "export const here = 1;");
    write("app/deep.ts", "");
    expect(run(await make())).to.deep.equal(["elsewhere a/b"]);
  });

  it("throws with a stack in which the sources' lines can be told", async () => {
    write(
      "app/thrown.ts",
      'interface Gone {\n  a: string;\n}\nexport function fail(_: Gone): never {\n  throw new Error("broken");\n}',
    );
    write("app/throwing.ts", 'import { fail } from "./thrown";\nfail({ a: "" });');
    // By itself, Node looks nothing up in source maps; what runs the tests does.
    const env = { ...process.env, NODE_OPTIONS: "" };
    const { stderr } = spawnSync(process.execPath, [await compile(root, "app/throwing.ts")], { env, encoding: "utf8" });
    expect(stderr).to.contain("main.cjs:").and.not.to.contain("app/thrown.ts");
    expect(bySource(stderr)).to.contain("(app/thrown.ts:5:9)").and.to.contain("(app/throwing.ts:2:1)");
  });

  it("refuses what does not compile, and leaves what was made", async () => {
    const file = join(root, ".local", "compiled", "app-main", "main.cjs");
    const before = readFileSync(file, "utf8");
    write("app/deep/here.ts", "export const here = ;");
    const refusal = await compile(root, "app/main.ts").catch((error: unknown) => error);
    expect(refusal).to.have.nested.property("errors[0].location").that.includes({ file: "app/deep/here.ts", line: 1 });
    expect(readFileSync(file, "utf8")).to.equal(before);
  });
});
