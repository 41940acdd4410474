import { expect } from "chai";
import { imageUri } from "../../pipeline/images";

describe("imageUri", () => {
  it("names AWS's registry of the region and partition", () => {
    expect(imageUri("sagemaker-xgboost", "3.0-5", "us-east-1")).to.equal(
      "683313688378.dkr.ecr.us-east-1.amazonaws.com/sagemaker-xgboost:3.0-5",
    );
    expect(imageUri("sagemaker-scikit-learn", "1.4-2", "eu-west-1")).to.equal(
      "141502667606.dkr.ecr.eu-west-1.amazonaws.com/sagemaker-scikit-learn:1.4-2-cpu-py3",
    );
    expect(imageUri("sagemaker-spark-processing", "3.5", "us-west-2")).to.equal(
      "153931337802.dkr.ecr.us-west-2.amazonaws.com/sagemaker-spark-processing:3.5-cpu-py312",
    );
    expect(imageUri("sagemaker-xgboost", "1.0-1", "eu-central-1")).to.match(/:1\.0-1-cpu-py3$/);
    expect(imageUri("sagemaker-xgboost", "1.7-1", "cn-north-1")).to.contain(".cn-north-1.amazonaws.com.cn/");
    expect(imageUri("sagemaker-xgboost", "1.7-1", "us-isob-east-1")).to.contain(".us-isob-east-1.sc2s.sgov.gov/");
  });

  it("says what is known when asked for what is not", () => {
    expect(() => imageUri("sagemaker-xgboost", "3.0-5", "eu-wst-1")).to.throw(
      /"eu-wst-1".*did you mean "eu-west-1".*us-east-1/,
    );
    expect(() => imageUri("sagemaker-scikit-learn", "1.4-1", "eu-west-1")).to.throw(
      /"1\.4-1".*known:.*0\.23-1.*1\.4-2/,
    );
    expect(() => imageUri("sagemaker-xgboost", "toString", "eu-west-1")).to.throw("toString");
  });
});
