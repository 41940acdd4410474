import { expect } from "chai";
import fc from "fast-check";
import { processingInstanceTypes, processingMemoryOf, vcpusOf } from "../../config/instance-types";
import { chooseEngine } from "../../pipeline/preprocess-engine";
import { sparkConfiguration } from "../../pipeline/spark-cluster";
import { at } from "./samples";

describe("the preprocessing engine", () => {
  const instanceType = "ml.m5.large";

  it("is the configured one, whatever the size", () => {
    for (const framework of ["pyspark", "scikit-learn"] as const) {
      for (const bytes of [1, 1e13, undefined]) {
        const choice = { engine: framework, reason: "configured" };
        expect(chooseEngine({ framework, instanceType }, bytes)).to.deep.equal(choice);
      }
    }
  });

  it("is one machine as long as it holds the data, and Spark from then on", () => {
    const size = fc.integer({ min: 0, max: 1e13 });
    fc.assert(
      fc.property(size, size, fc.constantFrom(...processingInstanceTypes), (one, other, type) => {
        const [small, large] = [Math.min(one, other), Math.max(one, other)];
        const engine = (bytes: number) => chooseEngine({ framework: "auto", instanceType: type }, bytes).engine;
        if (engine(large) === "scikit-learn") expect(engine(small)).to.equal("scikit-learn");
      }),
    );
    expect(chooseEngine({ framework: "auto", instanceType }, 150e6).engine).to.equal("scikit-learn");
    expect(chooseEngine({ framework: "auto", instanceType }, 10e9).engine).to.equal("pyspark");
    expect(chooseEngine({ framework: "auto", instanceType: "ml.m5.24xlarge" }, 10e9).engine).to.equal("scikit-learn");
    expect(chooseEngine({ framework: "auto", instanceType }, undefined).engine).to.equal("pyspark");
  });
});

describe("Spark's configuration", () => {
  const types = processingInstanceTypes.filter((type) => (processingMemoryOf(type) ?? 0) >= 8);
  const mebibytes = (json: unknown, name: string) =>
    Number(/^(\d+)m?$/.exec(String(at(json, 1, "Properties", name)))?.[1]);

  it("gives away no memory twice, uses the cores, and leaves every executor room for data", () => {
    for (const instanceType of types) {
      for (const instanceCount of [1, 2, 20]) {
        const json = sparkConfiguration({ instanceType, instanceCount });
        const spark = (name: string) => mebibytes(json, `spark.${name}`);
        const [memory, vcpus] = [(processingMemoryOf(instanceType) ?? 0) * 1024, vcpusOf(instanceType)];
        const executors = spark("executor.instances") / instanceCount;
        const said = `${instanceType} × ${instanceCount}: ${JSON.stringify(json)}`;
        expect(executors % 1, said).to.equal(0);
        const yarn = Number(at(json, 0, "Properties", "yarn.nodemanager.resource.memory-mb"));
        const executor = spark("executor.memory") + spark("executor.memoryOverhead");
        expect(executor * executors, said).to.be.at.most(yarn);
        expect(yarn + spark("driver.memory") + spark("driver.memoryOverhead"), said).to.be.at.most(memory - 1024);
        expect(spark("executor.memory"), said).to.be.at.least(2048);
        expect(spark("executor.memoryOverhead"), said).to.be.at.least(spark("executor.memory") * 0.1);
        expect(spark("executor.cores"), said).to.be.within(1, 5);
        expect(spark("executor.cores") * executors, said).to.be.within(vcpus * 0.7, vcpus);
        expect(spark("default.parallelism"), said).to.equal(2 * executors * spark("executor.cores") * instanceCount);
      }
    }
  });

  it("knows the odd sizes", () => {
    expect(["ml.t3.large", "ml.m5.xlarge", "ml.c5.9xlarge", "ml.c4.8xlarge"].map(vcpusOf)).to.deep.equal([
      2, 4, 36, 36,
    ]);
    expect(() => vcpusOf("m5.large")).to.throw("m5.large is no instance type");
    expect(() => sparkConfiguration({ instanceType: "ml.none.large", instanceCount: 1 })).to.throw("ml.none.large");
  });
});
