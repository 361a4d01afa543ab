/** What an editor offers inside of an options object: exactly its options, each with its doc line, and the texts that it takes. */
import { describe, expect, test } from "vitest";
import { type OptionsCall, optionsCalls } from "./options.js";
import { completions, typesOf } from "./support.js";

const HEAD = [
  ...["", "/data", "/io", "/models", "/testing", "/train", "/vision"].map(
    (entry, i) => `import * as f${i} from "faltung${entry}";`,
  ),
  "const f = { ...f0, ...f1, ...f2, ...f3, ...f4, ...f5, ...f6 };",
].join("\n");

const calls = typesOf(HEAD, "f", optionsCalls);

/** All questions in one module: the position of each `|` is asked for. */
const questions: {
  readonly what: string;
  readonly call: OptionsCall;
  readonly want: readonly string[];
  readonly line: string;
  readonly texts?: true;
}[] = [];
for (const call of calls) {
  const { head, options } = call;
  const names = options.map(({ name }) => name);
  questions.push({ what: "at first", call, want: names, line: `${head}{ | });` });
  const [first] = options;
  if (first) {
    const line = `${head}{ ${first.name}: ${first.value}, zz| });`;
    questions.push({ what: "in the middle of a name", call, want: names.filter((name) => name !== first.name), line });
  }
  for (const { name, value, texts } of options) {
    const others = names.filter((other) => other !== name);
    questions.push({ what: `after ${name}`, call, want: others, line: `${head}{ ${name}: ${value}, | });` });
    questions.push({ what: `before ${name}`, call, want: others, line: `${head}{ |, ${name}: ${value} });` });
    if (texts.length > 0) {
      questions.push({ what: `inside of ${name}`, call, want: texts, line: `${head}{ ${name}: "|" });`, texts: true });
    }
  }
}
const code = `${HEAD}\n${questions.map(({ line }) => line.replace("|", "")).join("\n")}\n`;
let start = HEAD.length + 1;
const positions = questions.map(({ line }) => {
  const position = start + line.indexOf("|");
  start += line.length;
  return position;
});
const offered = completions(code, positions);

describe.each(calls)("$name", (call) => {
  const own = questions
    .map((question, i) => ({ ...question, got: offered[i] ?? [] }))
    .filter((one) => one.call === call);
  const names = (asked: typeof own) =>
    Object.fromEntries(asked.map(({ what, got }) => [what, got.map(({ name }) => name).sort()]));
  const wanted = (asked: typeof own) => Object.fromEntries(asked.map(({ what, want }) => [what, [...want].sort()]));

  test("its options and nothing else", () => {
    expect(names(own)).toEqual(wanted(own));
  });

  test("each with its doc line", () => {
    const [first] = own;
    expect(first?.got.filter(({ documentation }) => documentation === "").map(({ name }) => name)).toEqual([]);
  });
});

test("in a module that ends in the middle of a call", () => {
  const ends = [
    [
      "new f.Conv2d(1, 6, 5, { ",
      ["algorithm", "bias", "dilation", "groups", "padding", "paddingMode", "random", "stride"],
    ],
    [
      "new f.Conv2d(1, 6, 5, { padding: 1, ",
      ["algorithm", "bias", "dilation", "groups", "paddingMode", "random", "stride"],
    ],
    ["new f.MaxPool2d(2, {\n  stride: 1,\n  pad", ["ceilMode", "dilation", "padding", "returnIndices"]],
    [
      "new f.Conv2d(4, 8, 3, { groups: 3, pad",
      ["algorithm", "bias", "dilation", "padding", "paddingMode", "random", "stride"],
    ],
    ["const model = new f.Sequential(new f.ReLU(), new f.Parallel([new f.ReLU()], { dim: 1, ", ["merge"]],
    ['new f.Conv2d(1, 6, 5, { padding: "', ["same", "valid"]],
    [
      'new f.Sequential(["N", 1, 8, 8], new f.Conv2d(1, 6, 5, { paddingMode: "',
      ["circular", "reflect", "replicate", "zeros"],
    ],
  ] as const;
  const offers = ends.map(([end]) => {
    const code = `${HEAD}\n${end}`;
    return completions(code, [code.length])[0]?.map(({ name }) => name);
  });
  expect(offers.map((names) => names?.sort())).toEqual(ends.map(([, names]) => names));
});

test("every options type that an entry exports is tried", () => {
  expect(calls.length).toBeGreaterThan(110);
  expect(calls.map(({ name }) => name)).toEqual(
    expect.arrayContaining(["Conv2d", "Adam", "StepLR", "MSELoss", "ResNet", "DataLoader", "fit", "nms", "Tensor.sum"]),
  );
});
