import { ProcessingInstanceType, ProductionVariantInstanceType, TrainingInstanceType } from "@aws-sdk/client-sagemaker";
import { expect } from "chai";
import {
  hostingInstanceTypes,
  processingInstanceTypes,
  processingMemoryGib,
  trainingInstanceTypes,
} from "../../config/instance-types";

describe("instance types", () => {
  it("are those that SageMaker takes", () => {
    expect(processingInstanceTypes).to.have.members(Object.values(ProcessingInstanceType));
    expect(trainingInstanceTypes).to.have.members(Object.values(TrainingInstanceType));
    expect(hostingInstanceTypes).to.have.members(Object.values(ProductionVariantInstanceType));
  });

  it("have the memory that AWS publishes", () => {
    const published = {
      "ml.t3.medium": 4,
      "ml.c4.xlarge": 7.5,
      "ml.c5.xlarge": 8,
      "ml.m5.large": 8,
      "ml.r5.24xlarge": 768,
      "ml.p3.2xlarge": 61,
    };
    expect(processingMemoryGib).to.include(published);
  });
});
