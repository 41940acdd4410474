import { expect } from "chai";
import { parse } from "yaml";
import { openConfiguration } from "../../../local/preview/configuration";
import { maskInputs } from "../../../local/preview/mask";

describe("what a preview reads and shows of secrets", () => {
  it("puts stand-ins in the place of encrypted values, and asks for no key", () => {
    const { text, standIns } = openConfiguration(
      [
        "secretsprovider: awskms://alias/fraud?region=eu-west-1",
        "encryptedkey: abc",
        "config:",
        "  aws:region: eu-west-1",
        "  fraud:token:",
        "    secure: v1:abc:def",
        "  fraud:group:",
        "    plain: 1",
        "    hidden:",
        "      secure: v1:ghi:jkl",
        "",
      ].join("\n"),
    );
    expect(standIns).to.equal(2);
    expect(parse(text)).to.deep.equal({
      config: {
        "aws:region": "eu-west-1",
        "fraud:token": "secret-stand-in",
        "fraud:group": { plain: 1, hidden: "secret-stand-in" },
      },
    });
  });

  it("masks secrets, and shows files by their content and not by where they lie", () => {
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "hunter2" };
    const file = {
      "4dabf18193072939515e22adb298388d": "c44067f5952c0a294b673a41bacd8c17",
      hash: "ab12",
      path: "/home/somebody/x",
    };
    expect(
      maskInputs({ __defaults: [], a: secret, b: [{ c: file }], d: "04da6b54-80e4-46f7-96ec-b56ff0331ba9" }),
    ).to.deep.equal({
      a: "[secret]",
      b: [{ c: { sha256: "ab12" } }],
      d: "[computed]",
    });
  });
});
