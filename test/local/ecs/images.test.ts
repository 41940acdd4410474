import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { readDockerfile } from "../../../local/ecs/images";
import { projectRoot } from "../../../local/tools";

describe("an image without a container engine", () => {
  let context: string;
  before(() => {
    context = mkdtempSync(join(tmpdir(), "image-"));
    mkdirSync(join(context, "built"));
  });
  after(() => rmSync(context, { recursive: true }));

  function read(...lines: string[]) {
    const file = join(context, "Dockerfile");
    writeFileSync(file, `${lines.join("\n")}\n`);
    return readDockerfile(file);
  }

  it("is the folder that its Dockerfile copies, and runs its command with its environment", () => {
    const image = read(
      "# a comment",
      "FROM node:22",
      "ENV A=1 \\",
      '    B="two words"',
      "WORKDIR /app",
      "COPY built/ /app/",
      "USER 1000",
      'CMD ["node", "index.js", "--follow"]',
    );
    expect(image).to.deep.equal({
      directory: join(context, "built/"),
      command: ["node", "index.js", "--follow"],
      environment: { A: "1", B: "two words" },
    });
  });

  it("is missing while the folder was not built", () => {
    expect(read("FROM node", "COPY dist ./", 'CMD ["node"]')).to.equal(undefined);
  });

  const REFUSED: [string, string[], RegExp][] = [
    [
      "RUN",
      ["FROM node", "RUN npm ci", "COPY built ./", 'CMD ["node"]'],
      /line 2: RUN npm ci takes a container engine/,
    ],
    ["a command for a shell", ["FROM node", "COPY built ./", "CMD node index.js"], /no CMD in the form/],
    ["two copies", ["FROM node", "COPY built ./", "COPY built ./", 'CMD ["node"]'], /2 folders are copied/],
    ["a copy elsewhere", ["FROM node", "WORKDIR /app", "COPY built /srv", 'CMD ["node"]'], /line 3: COPY built \/srv/],
  ];
  for (const [what, lines, message] of REFUSED) {
    it(`refuses ${what}, naming it`, () => expect(() => read(...lines)).to.throw(message));
  }

  it("is what the project's own Dockerfile builds", () => {
    expect(() => readDockerfile(join(projectRoot, "Dockerfile"))).not.to.throw();
  });
});
