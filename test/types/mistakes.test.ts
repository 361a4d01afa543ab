/**
 * Mistakes that people make, as the editor and the run time tell them: the same sentence, on the argument that is wrong. In a
 * network the run time says the layer's key besides.
 */
import { describe, expect, test } from "vitest";
import * as faltung from "../../src/index.js";
import * as models from "../../src/models.js";
import * as train from "../../src/train.js";
import { withoutKey } from "../support/errors.js";
import { check } from "./support.js";

interface Mistake {
  readonly what: string;
  /** An expression, TypeScript and JavaScript at once; `f` is faltung with its models and losses. */
  readonly code: string;
  /** What makes the run time look where the compiler looked already: an input. */
  readonly run?: string;
  /** The argument that the red line is under. */
  readonly at: string;
  readonly sentence: string;
}

const MISTAKES: readonly Mistake[] = [
  {
    what: "another number of channels than the convolution before",
    code: "new f.Sequential(new f.Conv2d(1, 6, 5), new f.ReLU(), new f.Conv2d(8, 16, 5))",
    run: ".forward(f.zeros([1, 1, 28, 28]))",
    at: "new f.Conv2d(8, 16, 5)",
    sentence: "Conv2d expects 8 channels, but the layer before it gives 6",
  },
  {
    what: "a Linear made for another image size",
    code: `new f.Sequential([64, 1, 32, 32], new f.Conv2d(1, 6, 5, { padding: 2 }), new f.ReLU(), new f.MaxPool2d(2),
      new f.Conv2d(6, 16, 5), new f.MaxPool2d(2), new f.Flatten(), new f.Linear(400, 10))`,
    at: "new f.Linear(400, 10)",
    sentence: "Linear expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6)",
  },
  {
    what: "an image of another size than the model was made for",
    code: `new f.Sequential(new f.Conv2d(1, 6, 5, { padding: 2 }), new f.MaxPool2d(2), new f.Conv2d(6, 16, 5),
      new f.MaxPool2d(2), new f.Flatten(), new f.Linear(400, 10)).forward(f.zeros([64, 1, 32, 32]))`,
    at: "f.zeros([64, 1, 32, 32])",
    sentence: "Linear expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6)",
  },
  {
    what: "color images into a model of gray ones",
    code: "new f.Sequential(new f.Conv2d(1, 6, 5), new f.ReLU()).forward(f.zeros([64, 3, 28, 28]))",
    at: "f.zeros([64, 3, 28, 28])",
    sentence: "Conv2d expects 1 channel, but its input [64, 3, 28, 28] has 3",
  },
  {
    what: "an input shape that the first layer does not take",
    code: "new f.Sequential([64, 3, 28, 28], new f.Conv2d(1, 6, 5), new f.ReLU())",
    at: "new f.Conv2d(1, 6, 5)",
    sentence: "Conv2d expects 1 channel, but its input [64, 3, 28, 28] has 3",
  },
  {
    what: "images stored channels last",
    code: "new f.Conv2d(3, 8, 3).forward(f.zeros([8, 32, 32, 3]))",
    at: "f.zeros([8, 32, 32, 3])",
    sentence: "Conv2d expects 3 channels, but its input [8, 32, 32, 3] has 32",
  },
  {
    what: "images flattened too early",
    code: "new f.Conv2d(1, 6, 5).forward(f.zeros([64, 784]))",
    at: "f.zeros([64, 784])",
    sentence: "Conv2d expects an input [N, C, H, W] or [C, H, W], but got [64, 784]",
  },
  {
    what: "a convolution behind a Flatten",
    code: "new f.Sequential(new f.Conv2d(1, 6, 5), new f.Flatten(), new f.Conv2d(6, 16, 5))",
    run: ".forward(f.zeros([1, 1, 28, 28]))",
    at: "new f.Conv2d(6, 16, 5)",
    sentence: "Conv2d expects an input [N, C, H, W] or [C, H, W], but got [?, ?]",
  },
  {
    what: "a kernel larger than what poolings left",
    code: `new f.Sequential([1, 1, 8, 8], new f.MaxPool2d(2), new f.MaxPool2d(2), new f.Conv2d(1, 4, 3))`,
    at: "new f.Conv2d(1, 4, 3)",
    sentence:
      "Conv2d expects an input at least as large as its kernel, which covers 3 × 3, but the padded input is 2 × 2 (input [1, 1, 2, 2])",
  },
  {
    what: "a window larger than its input",
    code: "new f.MaxPool2d(3, { dilation: 2 }).forward(f.zeros([1, 8, 4, 9]))",
    at: "f.zeros([1, 8, 4, 9])",
    sentence:
      "MaxPool2d expects an input at least as large as its window, which covers 5 × 5, but the padded input is 4 × 9 (input [1, 8, 4, 9])",
  },
  {
    what: "a one-dimensional kernel longer than the signal",
    code: "new f.Conv1d(2, 4, 5, { dilation: 3 }).forward(f.zeros([1, 2, 12]))",
    at: "f.zeros([1, 2, 12])",
    sentence:
      "Conv1d expects an input at least as large as its kernel, which covers 13, but the padded input is 12 (input [1, 2, 12])",
  },
  {
    what: "groups that do not divide the input channels",
    code: "new f.Conv2d(6, 8, 3, { groups: 4 })",
    at: "groups",
    sentence: "Conv2d expects inChannels to be a multiple of groups, but inChannels is 6 and groups is 4",
  },
  {
    what: "groups that do not divide the output channels",
    code: "new f.Conv1d(6, 8, 3, { groups: 3 })",
    at: "groups",
    sentence: "Conv1d expects outChannels to be a multiple of groups, but outChannels is 8 and groups is 3",
  },
  {
    what: "a BatchNorm2d of the input channels",
    code: "new f.Sequential(new f.Conv2d(3, 8, 3), new f.BatchNorm2d(3))",
    run: ".forward(f.zeros([2, 3, 8, 8]))",
    at: "new f.BatchNorm2d(3)",
    sentence: "BatchNorm2d expects 3 channels, but the layer before it gives 8",
  },
  {
    what: "one image without its batch dimension in a BatchNorm2d",
    code: "new f.BatchNorm2d(8).forward(f.zeros([8, 4, 4]))",
    at: "f.zeros([8, 4, 4])",
    sentence: "BatchNorm2d expects an input [N, C, H, W], but got [8, 4, 4]",
  },
  {
    what: "a BatchNorm1d of other features",
    code: "new f.BatchNorm1d(1).forward(f.zeros([32, 64]))",
    at: "f.zeros([32, 64])",
    sentence: "BatchNorm1d expects 1 channel, but its input [32, 64] has 64",
  },
  {
    what: "a GroupNorm of other channels",
    code: "new f.GroupNorm(4, 16).forward(f.zeros([2, 8, 4, 4]))",
    at: "f.zeros([2, 8, 4, 4])",
    sentence: "GroupNorm expects 16 channels, but its input [2, 8, 4, 4] has 8",
  },
  {
    what: "a GroupNorm whose groups do not divide its channels",
    code: "new f.GroupNorm(4, 6)",
    at: "6",
    sentence: "GroupNorm expects numChannels to be a multiple of numGroups, but numChannels is 6 and numGroups is 4",
  },
  {
    what: "an InstanceNorm2d of other channels",
    code: "new f.InstanceNorm2d(16).forward(f.zeros([8, 4, 4]))",
    at: "f.zeros([8, 4, 4])",
    sentence: "InstanceNorm2d expects 16 channels, but its input [8, 4, 4] has 8",
  },
  {
    what: "a LayerNorm that counts the batch dimension",
    code: "new f.LayerNorm([8, 10]).forward(f.zeros([4, 10]))",
    at: "f.zeros([4, 10])",
    sentence: "LayerNorm expects the last dimensions [8, 10], but its input [4, 10] has [4, 10]",
  },
  {
    what: "slopes of a PReLU for other channels",
    code: "new f.Sequential(new f.Conv2d(1, 6, 3), new f.PReLU(8))",
    run: ".forward(f.zeros([1, 1, 8, 8]))",
    at: "new f.PReLU(8)",
    sentence: "PReLU expects 8 channels, but the layer before it gives 6",
  },
  {
    what: "a Maxout whose pieces do not divide the channels",
    code: "new f.Sequential(new f.Linear(10, 15), new f.Maxout(4, { dim: -1 })).forward(f.zeros([2, 10]))",
    at: "f.zeros([2, 10])",
    sentence: "Maxout expects a multiple of 4 channels along dim 1, but the layer before it gives 15",
  },
  {
    what: "a MaxoutLinear of other features",
    code: "new f.Sequential(new f.MaxoutLinear(8, 4), new f.MaxoutLinear(8, 4))",
    run: ".forward(f.zeros([2, 8]))",
    at: "new f.MaxoutLinear(8, 4)",
    sentence: "MaxoutLinear expects 8 features, but the layer before it gives 4",
  },
  {
    what: "two Linears that do not meet",
    code: "new f.Sequential(new f.Linear(84, 32), new f.ReLU(), new f.Linear(64, 10))",
    run: ".forward(f.zeros([2, 84]))",
    at: "new f.Linear(64, 10)",
    sentence: "Linear expects 64 features, but the layer before it gives 32",
  },
  {
    what: "a Linear on images",
    code: "new f.Linear(784, 10).forward(f.zeros([64, 28, 28]))",
    at: "f.zeros([64, 28, 28])",
    sentence: "Linear expects 784 features, but its input [64, 28, 28] has 28",
  },
  {
    what: "a residual block that changes the channels",
    code: "new f.Residual(new f.Conv2d(8, 16, 3, { padding: 1 })).forward(f.zeros([1, 8, 6, 6]))",
    at: "f.zeros([1, 8, 6, 6])",
    sentence: "Residual expects branches of equal shapes to add, but got [1, 16, 6, 6] and [1, 8, 6, 6]",
  },
  {
    what: "a projection without the body's stride",
    code: `new f.Sequential([1, 8, 6, 6],
      new f.Residual(new f.Conv2d(8, 16, 3, { padding: 1, stride: 2 }), new f.Conv2d(8, 16, 1)))`,
    at: "new f.Residual(new f.Conv2d(8, 16, 3, { padding: 1, stride: 2 }), new f.Conv2d(8, 16, 1))",
    sentence: "Residual expects branches of equal shapes to add, but got [1, 16, 3, 3] and [1, 16, 6, 6]",
  },
  {
    what: "branches that cannot be laid side by side",
    code: "new f.Parallel([new f.Conv2d(3, 4, 1), new f.Conv2d(3, 4, 3), new f.Conv2d(3, 4, 1)]).forward(f.zeros([1, 3, 8, 8]))",
    at: "f.zeros([1, 3, 8, 8])",
    sentence:
      "Parallel expects branches that differ only in dim 1 to concatenate, but got [1, 4, 8, 8] and [1, 4, 6, 6] and [1, 4, 8, 8]",
  },
  {
    what: "branches that cannot be added",
    code: `new f.Sequential([1, 3, 8, 8], new f.Parallel([new f.Conv2d(3, 4, 1), new f.Conv2d(3, 5, 1)], { merge: "add" }))`,
    at: `new f.Parallel([new f.Conv2d(3, 4, 1), new f.Conv2d(3, 5, 1)], { merge: "add" })`,
    sentence: "Parallel expects branches of equal shapes to add, but got [1, 4, 8, 8] and [1, 5, 8, 8]",
  },
  {
    what: "a branch with other input channels",
    code: "new f.Sequential(new f.Conv2d(1, 8, 3), new f.Parallel([new f.Conv2d(8, 4, 1), new f.Conv2d(4, 4, 1)]))",
    run: ".forward(f.zeros([1, 1, 8, 8]))",
    at: "new f.Parallel([new f.Conv2d(8, 4, 1), new f.Conv2d(4, 4, 1)])",
    sentence: "Conv2d expects 4 channels, but the layer before it gives 8",
  },
  {
    what: "a transposed convolution with the channels swapped",
    code: "new f.Sequential(new f.Conv2d(1, 8, 3), new f.ConvTranspose2d(1, 8, 3))",
    run: ".forward(f.zeros([1, 1, 8, 8]))",
    at: "new f.ConvTranspose2d(1, 8, 3)",
    sentence: "ConvTranspose2d expects 1 channel, but the layer before it gives 8",
  },
  {
    what: "a transposed convolution whose padding eats its output",
    code: "new f.ConvTranspose2d(2, 4, 3, { padding: 2 }).forward(f.zeros([1, 2, 3, 1]))",
    at: "f.zeros([1, 2, 3, 1])",
    sentence:
      "ConvTranspose2d expects its padding to leave at least one pixel, but it cuts 4 × 4 off an output of 5 × 3 (input [1, 2, 3, 1])",
  },
  {
    what: "too few channels to shuffle",
    code: "new f.Sequential(new f.Conv2d(3, 6, 3), new f.PixelShuffle(2))",
    run: ".forward(f.zeros([1, 3, 8, 8]))",
    at: "new f.PixelShuffle(2)",
    sentence: "PixelShuffle expects a multiple of 4 channels (upscaleFactor²), but the layer before it gives 6",
  },
  {
    what: "an odd image to unshuffle",
    code: "new f.PixelUnshuffle(2).forward(f.zeros([1, 3, 7, 8]))",
    at: "f.zeros([1, 3, 7, 8])",
    sentence:
      "PixelUnshuffle expects height and width to be multiples of 2 (downscaleFactor), but its input [1, 3, 7, 8] has 7 × 8",
  },
  {
    what: "an Unflatten into another number of elements",
    code: "new f.Unflatten(1, [16, 5, 6]).forward(f.zeros([64, 400]))",
    at: "f.zeros([64, 400])",
    sentence: "Unflatten expects dim 1 to be 480 to split it into [16, 5, 6], but its input [64, 400] has 400",
  },
  {
    what: "an Unflatten whose −1 would be no whole number",
    code: "new f.Unflatten(-1, [16, -1, 7]).forward(f.zeros([64, 400]))",
    at: "f.zeros([64, 400])",
    sentence:
      "Unflatten expects dim 1 to be a multiple of 112 to split it into [16, -1, 7], but its input [64, 400] has 400",
  },
  {
    what: "a Flatten of one sample",
    code: "new f.Flatten().forward(f.zeros([400]))",
    at: "f.zeros([400])",
    sentence: "Flatten expects a dimension from -1 to 0, but got dim 1 for the shape [400]",
  },
  {
    what: "a Softmax along a dimension that is not there",
    code: "new f.Sequential([64, 84], new f.Linear(84, 10), new f.Softmax(2))",
    at: "new f.Softmax(2)",
    sentence: "Softmax expects a dimension from -2 to 1, but got dim 2 for the shape [64, 10]",
  },
  {
    what: "a Dropout2d behind a Flatten",
    code: "new f.Sequential([8, 16, 5, 5], new f.Flatten(), new f.Dropout2d())",
    at: "new f.Dropout2d()",
    sentence: "Dropout2d expects an input [N, C, H, W] or [N, C, L], but got [8, 400]",
  },
  {
    what: "a mode of Upsample that is for signals",
    code: `new f.Upsample({ scaleFactor: 2, mode: "linear" }).forward(f.zeros([1, 3, 8, 8]))`,
    at: "f.zeros([1, 3, 8, 8])",
    sentence: `Upsample expects an input [N, C, L] in mode "linear", but got [1, 3, 8, 8]`,
  },
  {
    what: "a classifier for another feature map",
    code: `new f.Sequential([1, 3, 224, 224], new f.Conv2d(3, 256, 3), new f.AdaptiveAvgPool2d([6, 7]), new f.Flatten(),
      new f.Linear(9216, 4096))`,
    at: "new f.Linear(9216, 4096)",
    sentence: "Linear expects 9216 features, but the layer before it gives 10752 (= 256 × 6 × 7)",
  },
  {
    what: "a mistake inside a nested block",
    code: `new f.Sequential([1, 1, 8, 8], new f.Flatten(),
      new f.Sequential(new f.Linear(64, 32), new f.ReLU()), new f.Linear(64, 10))`,
    at: "new f.Linear(64, 10)",
    sentence: "Linear expects 64 features, but the layer before it gives 32",
  },
  {
    what: "images of another size into LeNet-5",
    code: "new f.LeNet5({ inChannels: 3 }).forward(f.zeros([64, 3, 32, 32]))",
    at: "f.zeros([64, 3, 32, 32])",
    sentence: "Linear expects 400 features, but the layer before it gives 576 (= 16 × 6 × 6)",
  },
  {
    what: "gray images into a network for colored ones",
    code: "new f.ResNet(18, { width: 1 / 64 }).forward(f.zeros([1, 1, 64, 64]))",
    at: "f.zeros([1, 1, 64, 64])",
    sentence: "Conv2d expects 3 channels, but its input [1, 1, 64, 64] has 1",
  },
  {
    what: "a layer behind a network of fewer classes",
    code: "new f.Sequential([1, 1, 64, 64], new f.UNet({ width: 1 / 16, depth: 1 }), new f.Conv2d(11, 1, 1))",
    at: "new f.Conv2d(11, 1, 1)",
    sentence: "Conv2d expects 11 channels, but the layer before it gives 2",
  },
  {
    what: "a target without the prediction's last dimension",
    code: "new f.MSELoss().forward(new f.Linear(8, 1).forward(f.zeros([32, 8])), f.zeros([32]))",
    at: "f.zeros([32])",
    sentence: "MSELoss expects a target of the prediction's shape [32, 1], but got [32]",
  },
  {
    what: "labels of another batch",
    code: "new f.CrossEntropyLoss().forward(f.zeros([64, 10]), f.zeros([32]))",
    at: "f.zeros([32])",
    sentence: "CrossEntropyLoss expects 64 labels [64] for the scores [64, 10], but got labels of shape [32]",
  },
];

/** Whether a message begins with the sentence, where a size that only the run time knows stands for `?`. */
const tells = (sentence: string, message: string) => {
  const pattern = sentence.replace(/[.*+?^${}()|[\]\\]/g, "\\$&").replaceAll("\\?", "\\d+");
  return new RegExp(`^${pattern}\\.( |$)`).test(message);
};

describe(`${MISTAKES.length} mistakes`, () => {
  const head = [
    `import * as base from "faltung";`,
    `import { LeNet5, ResNet, UNet } from "faltung/models";`,
    `import { CrossEntropyLoss, MSELoss } from "faltung/train";`,
    "const f = { ...base, LeNet5, ResNet, UNet, CrossEntropyLoss, MSELoss };",
  ];
  const bodies = MISTAKES.map(({ code }) => code.replaceAll(/\n\s*/g, " "));
  const { findings } = check([...head, ...bodies.map((code) => `${code};`)].join("\n"));
  const f = { ...faltung, ...models, ...train };

  test.each(MISTAKES.map((mistake, i) => ({ ...mistake, line: head.length + i })))("$what", (mistake) => {
    const { code, at, run = "", sentence, line } = mistake;
    const found = findings.filter((finding) => finding.line === line);
    expect(found.map((finding) => finding.at)).toEqual([at]);
    const [first = "", ...more] = found[0]?.message.split("\n") ?? [];
    const quoted = JSON.stringify(sentence);
    expect(first).toContain(quoted);
    // The last line of the compiler's message is the sentence alone: no other of the library's own types is in it.
    expect(more.at(-1) ?? `is not assignable to type '${quoted}'`).toMatch(
      /is not assignable to (type|parameter of type) '(Mistake<)?"/,
    );
    expect(more.at(-1) ?? first).toContain(quoted);

    let message = "";
    try {
      new Function("f", `return ${code}${run}`)(f);
    } catch (error) {
      message = withoutKey((error as Error).message);
    }
    expect(tells(sentence, message), message).toBe(true);
  });

  test("nothing else is refused", () => {
    expect(findings.filter(({ line }) => line < head.length)).toEqual([]);
    expect(findings).toHaveLength(MISTAKES.length);
  });
});

test("an option of another layer, which the run time answers with a list of its own", () => {
  const code = [
    'import { Conv2d, MaxPool2d, Parallel, ReLU } from "faltung";',
    "new Conv2d(6, 8, 3, { padding: 1, ceilMode: true });",
    "new MaxPool2d(2, { stride: 1, groups: 2 });",
    "new Parallel([new ReLU()], { dim: 1, startDim: 1 });",
  ];
  const { findings } = check(code.join("\n"));
  expect(findings.map(({ at, message }) => [at, message.split("\n").at(-1)?.trim()])).toEqual([
    ["ceilMode", "Type 'boolean' is not assignable to type 'Mistake<\"Conv2d has no option ceilMode\">'."],
    ["groups", "Type 'number' is not assignable to type 'Mistake<\"MaxPool2d has no option groups\">'."],
    ["startDim", "Type 'number' is not assignable to type 'Mistake<\"Parallel has no option startDim\">'."],
  ]);
});
