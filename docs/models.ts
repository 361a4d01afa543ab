/**
 * `npx tsx docs/models.ts`: counts the networks of `faltung/models` and writes the table into docs/models.md.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { type Layer, Random, type Shape } from "faltung";
import { AlexNet, FCN, LeNet5, MobileNetV2, ResNet, SqueezeNet, TinyYOLOv2, UNet, VGG } from "faltung/models";
import { summary } from "faltung/train";

/** Fills large networks at once; what the weights are matters to no count. */
class Constant extends Random {
  override uniform(): number {
    return 0.001;
  }

  override normal(): number {
    return 0.001;
  }
}

interface Entry {
  /** How the network is made, as a reader would write it. */
  readonly code: string;
  readonly make: (random: Random) => Layer;
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

const vggs: readonly Entry[] = [
  { code: "VGG(11)", make: (random) => new VGG(11, { random }), input: image, paper: vgg, torchvision: "vgg11" },
  { code: "VGG(16)", make: (random) => new VGG(16, { random }), input: image, paper: vgg, torchvision: "vgg16" },
];
const resnets = ([18, 34, 50, 101] as const).map(
  (depth): Entry => ({
    code: `ResNet(${depth})`,
    make: (random) => new ResNet(depth, { random }),
    input: image,
    paper: resnet,
    torchvision: `resnet${depth}`,
  }),
);

const entries: readonly Entry[] = [
  { code: "LeNet5()", make: (random) => new LeNet5({ random }), input: [1, 1, 28, 28], paper: lenet },
  {
    code: "AlexNet()",
    make: (random) => new AlexNet({ random }),
    input: image,
    paper: alexnet,
    torchvision: "alexnet",
  },
  ...vggs,
  ...resnets,
  {
    code: "SqueezeNet()",
    make: (random) => new SqueezeNet({ random }),
    input: image,
    paper: squeezenet,
    torchvision: "squeezenet1_1",
  },
  {
    code: "MobileNetV2()",
    make: (random) => new MobileNetV2({ random }),
    input: image,
    paper: mobilenet,
    torchvision: "mobilenet_v2",
  },
  {
    code: "FCN()",
    make: (random) => new FCN({ random }),
    input: image,
    paper: fcn,
    torchvision: "segmentation.fcn_resnet50",
  },
  { code: "TinyYOLOv2()", make: (random) => new TinyYOLOv2({ random }), input: image, paper: yolo },
  { code: "UNet({ inChannels: 3 })", make: (random) => new UNet({ inChannels: 3, random }), input: image, paper: unet },
];

/** A line of the table. */
function row({ code, make, input, paper: [name, link], torchvision }: Entry): string {
  const model = make(new Constant(1));
  const { parameters, multiplyAdds } = summary(model, input);
  const cells = [
    `\`${code}\``,
    input.slice(1).join("×"),
    parameters.toLocaleString("en"),
    multiplyAdds.toLocaleString("en"),
    torchvision ? `\`${torchvision}\`` : "",
    `[${name}](${link})`,
  ];
  return `| ${cells.join(" | ")} |`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const page = new URL("models.md", import.meta.url);
  const rows = entries.map((entry) => {
    const line = row(entry);
    console.log(line);
    return line;
  });
  const text = readFileSync(page, "utf8");
  const [before = "", after = ""] = text.split(/(?<=\| --- \|.*\n)(?:\|.*\n)*(?=\n)/);
  writeFileSync(page, `${before}${rows.join("\n")}\n${after}`);
}
