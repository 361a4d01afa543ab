/** What a ratio of a run has to reach at least, and what it aims at: the project's own figures, shown beside the results. */

export interface Bar {
  readonly bar: number;
  readonly aim: number;
  /** A figure that has to stay below: seconds, bytes. */
  readonly atMost?: true;
}

const at = (bar: number, aim: number): Bar => ({ bar, aim });
const below = (bar: number, aim: number): Bar => ({ bar, aim, atMost: true });

const WINOGRAD = "(vgg3_2|vgg5|res2|res5)";
const SHAPES = "(lenet1|lenet2|alex2|vgg3_2|vgg5|res1|res2|res3ds|res50_1x1)";

/** By work and by what it is compared with; the first that fits counts. */
const BARS: readonly (readonly [work: RegExp, against: RegExp, bar: Bar])[] = [
  [/^conv (alex2|vgg3_2|vgg5|res2|res3ds|res50_1x1) forward im2col$/, /^peak$/, at(0.75, 0.9)],
  [new RegExp(`^conv ${WINOGRAD} forward$`), /^tfjs-wasm$/, at(2.5, 4)],
  [new RegExp(`^conv ${WINOGRAD} forward$`), /^PyTorch$/, at(0.5, 1)],
  [new RegExp(`^conv ${SHAPES} forward$`), /^(tfjs-wasm|onnxruntime-web)$/, at(1.2, 3)],
  [/^conv lenet[12] forward \+ backward$/, /^PyTorch$/, at(1, 2)],
  [/^conv (vgg3_2|res2) backward$/, /^PyTorch$/, at(0.25, 0.6)],
  [/^LeNet-5 training step$/, /^PyTorch$/, at(1, 2)],
  [/^ResNet-18 inference$/, /^onnxruntime-web$/, at(2.5, 4)],
  [/^ResNet-18 inference$/, /^PyTorch$/, at(0.5, 1)],
  [/^LeNet-5 epoch$/, /^seconds$/, below(6, 3)],
  [/^LeNet-5 cold start$/, /^milliseconds$/, below(60, 30)],
  [/^VGG-16 inference$/, /^weights \+ outputs$/, below(1.6, 1.2)],
  [/^(U-Net|DenseNet-121) inference$/, /^weights \+ widest cut$/, below(1.3, 1.2)],
  [/^10,000 LeNet-5 steps$/, /^500 steps$/, below(1.05, 1)],
  [/^300 models of 8 MB$/, /^the reference$/, below(1.5, 1)],
  [/^10,000 LeNet-5 models$/, /^1,000 models$/, below(1.1, 1)],
  [/^whole library$/, /^kB$/, below(60, 40)],
  [/^Conv2d, ReLU, MaxPool2d, Linear$/, /^kB$/, below(30, 20)],
];

export function barOf(work: string, against: string): Bar | undefined {
  return BARS.find(([works, peers]) => works.test(work) && peers.test(against))?.[2];
}

/** `"bar 2.5, aim 4: below bar"`; empty where there is no bar. */
export function verdict(work: string, against: string, value: number): string {
  const found = barOf(work, against);
  if (!found) return "";
  const { bar, aim, atMost } = found;
  const reaches = (limit: number) => (atMost ? value <= limit : value >= limit);
  const result = reaches(aim) ? "aim reached" : reaches(bar) ? "bar reached" : "missed";
  return `bar ${atMost ? "≤ " : ""}${bar}, aim ${aim}: ${result}`;
}
