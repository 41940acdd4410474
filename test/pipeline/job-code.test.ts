import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { expect } from "chai";
import fc from "fast-check";
import { extract } from "tar";
import { readJobCode, tarball } from "../../pipeline/job-code";
import { executionId } from "../../pipeline/execution-id";

describe("a job's code", () => {
  let folder: string;
  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), "job-code-"));
  });
  afterEach(() => rm(folder, { recursive: true }));

  async function put(files: Readonly<Record<string, string>>): Promise<void> {
    for (const [name, content] of Object.entries(files)) {
      await mkdir(path.dirname(path.join(folder, name)), { recursive: true });
      await writeFile(path.join(folder, name), content);
    }
  }
  const read = (...folders: readonly string[]) => readJobCode(folders.map((name) => path.join(folder, name)));

  it("is the files of all folders, without what tools leave", async () => {
    await put({ "a/a.py": "1", "a/lib/b.py": "2", "a/__pycache__/a.pyc": "x", "a/.hidden": "x", "shared/c.py": "3" });
    expect((await read("a", "shared")).files.map((file) => file.path)).to.deep.equal(["a.py", "c.py", "lib/b.py"]);
  });

  it("has a name that changes with paths and contents, and with nothing else", async () => {
    await put({ "a/x.py": "12", "b/x.py": "1", "b/y.py": "2", "c/x.py": "12", "c/.cache": "x", "d/y.py": "12" });
    const [a, b, c, d] = await Promise.all([read("a"), read("b"), read("c"), read("d")]);
    expect(a.hash)
      .to.equal(c.hash)
      .and.to.match(/^[0-9a-f]{64}$/);
    expect(new Set([a.hash, b.hash, d.hash])).to.have.property("size", 3);
  });

  it("must not hold two files of one name, unless they are the same", async () => {
    await put({ "a/x.py": "1", "b/x.py": "2", "c/x.py": "1" });
    expect((await read("a", "c")).files).to.have.length(1);
    const error = await read("a", "b").then(
      () => undefined,
      (reason: unknown) => reason,
    );
    expect(error).to.be.instanceOf(Error).with.property("message").that.contains("both have x.py");
  });

  it("packs into an archive that tar reads, the same bytes each time", async () => {
    await put({ "a/a.py": "x".repeat(513), "a/lib/b.py": "", "a/c.bin": "y".repeat(512) });
    const { files } = await read("a");
    const archive = tarball(files);
    expect(archive.equals(tarball(files))).to.equal(true);
    await put({ "out/.keep": "" });
    await writeFile(path.join(folder, "a.tar.gz"), archive);
    await extract({ file: path.join(folder, "a.tar.gz"), cwd: path.join(folder, "out") });
    for (const file of files) {
      expect((await readFile(path.join(folder, "out", file.path))).equals(file.content), file.path).to.equal(true);
    }
  });
});

describe("execution ids", () => {
  const date = fc.date({ min: new Date("2020-01-01"), max: new Date("2100-01-01"), noInvalidDate: true });

  it("sort as their times do, and fit where they are used", () => {
    fc.assert(
      fc.property(date, date, (one, other) => {
        const [a, b] = [executionId(one), executionId(other)];
        expect(a)
          .to.match(/^\d{17}-[0-9a-z]{16}$/)
          .and.to.have.length.within(32, 82);
        if (one.getTime() !== other.getTime()) expect(a < b).to.equal(one < other);
      }),
    );
  });

  it("do not repeat within a millisecond", () => {
    const now = new Date();
    expect(new Set(Array.from({ length: 1000 }, () => executionId(now))).size).to.equal(1000);
  });
});
