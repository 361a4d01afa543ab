/**
 * `npx tsx docs/models.ts`: counts and times the networks of `faltung/models` and writes the table into docs/models.md.
 * A time is the median of some forwards of one image in eval mode, one thread, on this machine.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Layer, randn, type Shape } from "faltung";
import { AlexNet, FCN, LeNet5, MobileNetV2, ResNet, SqueezeNet, TinyYOLOv2, UNet, VGG } from "faltung/models";
import { summary } from "faltung/train";

interface Entry {
  /** How the network is made, as a reader would write it. */
  readonly code: string;
  readonly make: () => Layer;
  readonly input: Shape;
  readonly paper: readonly [name: string, link: string];
  /** The name in torchvision.models, where its weights load as they are. */
  readonly torchvision?: string;
}

const image = [1, 3, 224, 224];
const lenet = ["LeCun et al. 1998", "http://yann.lecun.com/exdb/publis/pdf/lecun-98.pdf"] as const;
const vgg = ["Simonyan & Zisserman 2015", "https://arxiv.org/abs/1409.1556"] as const;
const resnet = ["He et al. 2016", "https://arxiv.org/abs/1512.03385"] as const;
const alexnet = ["Krizhevsky 2014", "https://arxiv.org/abs/1404.5997"] as const;
const squeezenet = ["Iandola et al. 2016", "https://arxiv.org/abs/1602.07360"] as const;
const mobilenet = ["Sandler et al. 2018", "https://arxiv.org/abs/1801.04381"] as const;
const fcn = ["Long et al. 2015", "https://arxiv.org/abs/1411.4038"] as const;
const yolo = ["Redmon & Farhadi 2017", "https://arxiv.org/abs/1612.08242"] as const;
const unet = ["Ronneberger et al. 2015", "https://arxiv.org/abs/1505.04597"] as const;

const vggs = ([11, 13, 16, 19] as const).flatMap((depth): Entry[] => [
  { code: `VGG(${depth})`, make: () => new VGG(depth), input: image, paper: vgg, torchvision: `vgg${depth}` },
  {
    code: `VGG(${depth}, { batchNorm: true })`,
    make: () => new VGG(depth, { batchNorm: true }),
    input: image,
    paper: vgg,
    torchvision: `vgg${depth}_bn`,
  },
]);
const resnets = ([18, 34, 50, 101] as const).map(
  (depth): Entry => ({
    code: `ResNet(${depth})`,
    make: () => new ResNet(depth),
    input: image,
    paper: resnet,
    torchvision: `resnet${depth}`,
  }),
);

const entries: readonly Entry[] = [
  { code: "LeNet5()", make: () => new LeNet5(), input: [1, 1, 28, 28], paper: lenet },
  { code: "AlexNet()", make: () => new AlexNet(), input: image, paper: alexnet, torchvision: "alexnet" },
  ...vggs,
  ...resnets,
  { code: "SqueezeNet()", make: () => new SqueezeNet(), input: image, paper: squeezenet, torchvision: "squeezenet1_1" },
  { code: "MobileNetV2()", make: () => new MobileNetV2(), input: image, paper: mobilenet, torchvision: "mobilenet_v2" },
  { code: "FCN()", make: () => new FCN(), input: image, paper: fcn, torchvision: "segmentation.fcn_resnet50" },
  { code: "TinyYOLOv2()", make: () => new TinyYOLOv2(), input: image, paper: yolo },
  { code: "UNet({ inChannels: 3 })", make: () => new UNet({ inChannels: 3 }), input: image, paper: unet },
];

function milliseconds(model: Layer, input: Shape): number {
  const x = randn(input);
  model.eval();
  const times = Array.from({ length: 6 }, () => {
    const start = performance.now();
    model.forward(x);
    return performance.now() - start;
  });
  // The first one compiles.
  const sorted = times.slice(1).sort((a, b) => a - b);
  return sorted[2] ?? 0;
}

/** A line of the table; the time is the only cell that depends on the machine. */
function row({ code, make, input, paper: [name, link], torchvision }: Entry): string {
  const model = make();
  const { parameters, multiplyAdds } = summary(model, input);
  const cells = [
    `\`${code}\``,
    input.slice(1).join("×"),
    parameters.toLocaleString("en"),
    multiplyAdds.toLocaleString("en"),
    `${milliseconds(model, input).toPrecision(2)} ms`,
    torchvision ? `\`${torchvision}\`` : "",
    `[${name}](${link})`,
  ];
  return `| ${cells.join(" | ")} |`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const page = new URL("models.md", import.meta.url);
  const rows = entries.map(row);
  const text = readFileSync(page, "utf8");
  const [before = "", after = ""] = text.split(/(?<=\| --- \|.*\n)(?:\|.*\n)*(?=\n)/);
  writeFileSync(page, `${before}${rows.join("\n")}\n${after}`);
}
