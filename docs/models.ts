/**
 * `npx tsx docs/models.ts`: counts the networks of `faltung/models` and writes the table into docs/models.md. The times stay
 * as they are there; `--time` measures them.
 */
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { program } from "commander";
import { type Network, Random, randn, type Shape, type Tensor } from "faltung";
import {
  AlexNet,
  DeepLabV3,
  DenseNet,
  EfficientNet,
  FCN,
  GoogLeNet,
  InceptionV3,
  LeNet5,
  LRASPP,
  MobileNetV2,
  MobileNetV3,
  ResNet,
  ShuffleNetV2,
  SqueezeNet,
  TinyYOLOv2,
  UNet,
  VGG,
} from "faltung/models";
import { summary } from "faltung/train";
import { inTurns, summarize, timed } from "../bench/lib/measure.js";
import { provenanceLine } from "../bench/lib/report.js";
import { digits } from "../bench/lib/table.js";

/** Weights of the same variance as normal ones, in a twentieth of the time. */
export class Quick extends Random {
  override normal(): number {
    return this.uniform(-Math.sqrt(3), Math.sqrt(3));
  }
}

export interface Entry {
  /** How the network is made, as a reader would write it. */
  readonly code: string;
  readonly make: (random: Random) => Network;
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
const resnext = ["Xie et al. 2017", "https://arxiv.org/abs/1611.05431"] as const;
const wideResnet = ["Zagoruyko & Komodakis 2016", "https://arxiv.org/abs/1605.07146"] as const;
const densenet = ["Huang et al. 2017", "https://arxiv.org/abs/1608.06993"] as const;
const googlenet = ["Szegedy et al. 2015", "https://arxiv.org/abs/1409.4842"] as const;
const inception = ["Szegedy et al. 2016", "https://arxiv.org/abs/1512.00567"] as const;
const mobilenetV3 = ["Howard et al. 2019", "https://arxiv.org/abs/1905.02244"] as const;
const efficientnet = ["Tan & Le 2019", "https://arxiv.org/abs/1905.11946"] as const;
const shufflenet = ["Ma et al. 2018", "https://arxiv.org/abs/1807.11164"] as const;
const deeplab = ["Chen et al. 2017", "https://arxiv.org/abs/1706.05587"] as const;
const yolo = ["Redmon & Farhadi 2017", "https://arxiv.org/abs/1612.08242"] as const;
const unet = ["Ronneberger et al. 2015", "https://arxiv.org/abs/1505.04597"] as const;

const vggs = ([11, 13, 16, 19] as const).flatMap((depth): readonly Entry[] => [
  {
    code: `VGG(${depth})`,
    make: (random) => new VGG(depth, { random }),
    input: image,
    paper: vgg,
    torchvision: `vgg${depth}`,
  },
  {
    code: `VGG(${depth}, { batchNorm: true })`,
    make: (random) => new VGG(depth, { batchNorm: true, random }),
    input: image,
    paper: vgg,
    torchvision: `vgg${depth}_bn`,
  },
]);
const resnets = ([18, 34, 50, 101, 152] as const).map(
  (depth): Entry => ({
    code: `ResNet(${depth})`,
    make: (random) => new ResNet(depth, { random }),
    input: image,
    paper: resnet,
    torchvision: `resnet${depth}`,
  }),
);

export const entries: readonly Entry[] = [
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
    code: "ResNet(50, { groups: 32, widthPerGroup: 4 })",
    make: (random) => new ResNet(50, { groups: 32, widthPerGroup: 4, random }),
    input: image,
    paper: resnext,
    torchvision: "resnext50_32x4d",
  },
  {
    code: "ResNet(50, { widthPerGroup: 128 })",
    make: (random) => new ResNet(50, { widthPerGroup: 128, random }),
    input: image,
    paper: wideResnet,
    torchvision: "wide_resnet50_2",
  },
  {
    code: "DenseNet()",
    make: (random) => new DenseNet({ random }),
    input: image,
    paper: densenet,
    torchvision: "densenet121",
  },
  {
    code: "GoogLeNet()",
    make: (random) => new GoogLeNet({ random }),
    input: image,
    paper: googlenet,
    torchvision: "googlenet",
  },
  {
    code: "InceptionV3()",
    make: (random) => new InceptionV3({ random }),
    input: [1, 3, 299, 299],
    paper: inception,
    torchvision: "inception_v3",
  },
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
    code: 'MobileNetV3("small")',
    make: (random) => new MobileNetV3("small", { random }),
    input: image,
    paper: mobilenetV3,
    torchvision: "mobilenet_v3_small",
  },
  {
    code: 'MobileNetV3("large")',
    make: (random) => new MobileNetV3("large", { random }),
    input: image,
    paper: mobilenetV3,
    torchvision: "mobilenet_v3_large",
  },
  {
    code: "EfficientNet()",
    make: (random) => new EfficientNet({ random }),
    input: image,
    paper: efficientnet,
    torchvision: "efficientnet_b0",
  },
  {
    code: "ShuffleNetV2()",
    make: (random) => new ShuffleNetV2({ random }),
    input: image,
    paper: shufflenet,
    torchvision: "shufflenet_v2_x1_0",
  },
  {
    code: "FCN()",
    make: (random) => new FCN({ random }),
    input: image,
    paper: fcn,
    torchvision: "segmentation.fcn_resnet50",
  },
  {
    code: "DeepLabV3()",
    make: (random) => new DeepLabV3({ random }),
    input: image,
    paper: deeplab,
    torchvision: "segmentation.deeplabv3_resnet50",
  },
  {
    code: "LRASPP()",
    make: (random) => new LRASPP({ random }),
    input: image,
    paper: mobilenetV3,
    torchvision: "segmentation.lraspp_mobilenet_v3_large",
  },
  { code: "TinyYOLOv2()", make: (random) => new TinyYOLOv2({ random }), input: image, paper: yolo },
  { code: "UNet({ inChannels: 3 })", make: (random) => new UNet({ inChannels: 3, random }), input: image, paper: unet },
];

/** A line of the table; the time is text such as `12.3 ms`. */
export function row(
  { code, input, paper: [name, link], torchvision }: Entry,
  { parameters, multiplyAdds }: { readonly parameters: number; readonly multiplyAdds: number },
  time: string,
): string {
  const cells = [
    `\`${code}\``,
    input.slice(1).join("×"),
    parameters.toLocaleString("en"),
    multiplyAdds.toLocaleString("en"),
    time,
    torchvision ? `\`${torchvision}\`` : "",
    `[${name}](${link})`,
  ];
  return `| ${cells.join(" | ")} |`;
}

/** The time of each line of the page, by the network's code. */
function timesOf(page: string): Map<string, string> {
  const lines = [...page.matchAll(/^\| `(.*?)` \|(?:[^|]*\|){3} (.*?) \|/gm)];
  return new Map(lines.map(([, code = "", time = ""]) => [code, time]));
}

/** The median of an image's forward, measured in this process, which nothing else has run in. */
async function measure({ make, input }: Entry): Promise<string> {
  const model = make(new Quick(1)).eval();
  const x: Tensor = randn(input, { random: new Random(1) });
  const [turns = []] = await inTurns([timed("forward", () => model.forward(x))], { rounds: 5, seconds: 5 });
  return `${digits(1000 * summarize(turns).median)} ms`;
}

function measureApart({ code }: Entry): string {
  const script = fileURLToPath(import.meta.url);
  return execFileSync(process.execPath, [...process.execArgv, script, "--time-of", code], { encoding: "utf8" }).trim();
}

/** The page with this table, and where its times come from if they are new. */
function rewritten(page: string, rows: readonly string[], source: string | undefined): string {
  const [before = "", after = ""] = page.split(/(?<=\| --- \|.*\n)(?:\|.*\n)*(?=\n)/);
  const whole = `${before}${rows.join("\n")}\n${after}`;
  return source ? whole.replace(/(?<=^Time is .*; ).*(?=\.$)/m, source) : whole;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const { time, timeOf } = program
    .name("npx tsx docs/models.ts")
    .description("Writes the table of networks into docs/models.md.")
    .option("--time", "measure the times too, some seconds each")
    .option("--time-of <network>", "print the time of one network and write nothing")
    .parse()
    .opts<{ time?: true; timeOf?: string }>();
  const one = entries.find(({ code }) => code === timeOf);
  if (one) {
    console.log(await measure(one));
  } else {
    const file = new URL("models.md", import.meta.url);
    const page = readFileSync(file, "utf8");
    const times = timesOf(page);
    const rows = entries.map((entry) => {
      const counts = summary(entry.make(new Quick(1)), entry.input);
      const line = row(entry, counts, time ? measureApart(entry) : (times.get(entry.code) ?? ""));
      console.log(line);
      return line;
    });
    writeFileSync(file, rewritten(page, rows, time ? provenanceLine() : undefined));
  }
}
