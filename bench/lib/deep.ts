/** Networks of any depth as TypeScript, for measuring what their types cost. */

const IMPORT =
  'import { BatchNorm2d, Conv2d, Flatten, type Layer, Linear, MaxPool2d, ReLU, randn, Sequential } from "faltung";\n';

/** The layers of a network like VGG: convolution, batch norm and ReLU in turns, a pooling in every ten, two Linears. */
export function deepLayers(count: number): string[] {
  const layers: string[] = [];
  let channels = 3;
  let size = 224;
  while (layers.length < count - 4) {
    const i = layers.length;
    const width = i < 6 ? 64 : i < 14 ? 128 : 512;
    if (i % 10 === 9 && size > 14) {
      layers.push("new MaxPool2d(2)");
      size /= 2;
    } else if (i % 3 === 0) {
      layers.push(`new Conv2d(${channels}, ${width}, 3, { padding: 1 })`);
      channels = width;
    } else {
      layers.push(i % 3 === 1 ? `new BatchNorm2d(${channels})` : "new ReLU()");
    }
  }
  const features = channels * size * size;
  return [...layers, "new Flatten()", `new Linear(${features}, 256)`, "new ReLU()", "new Linear(256, 10)"];
}

/** A model whose every size the compiler knows, and one run of it. */
export function shapedModel(count: number): string {
  return `${IMPORT}const model = new Sequential(["N", 3, 224, 224],
  ${deepLayers(count).join(",\n  ")},
);
export const y = model.forward(randn([2, 3, 224, 224]));
export type Unused = Layer;
`;
}

/** The same layers in a plain list. */
export function plainModel(count: number): string {
  return `${IMPORT}const layers: Layer[] = [
  ${deepLayers(count).join(",\n  ")},
];
const model = new Sequential(...layers);
export const y = model.forward(randn([2, 3, 224, 224]));
`;
}

/** The same layers as a class of one's own: fields, and what `compose` makes of them by `through`, eight at a time. */
export function composedModel(count: number): string {
  const layers = deepLayers(count);
  const fields = layers.map((layer, i) => `  readonly l${i} = ${layer};`).join("\n");
  const calls: string[] = [];
  for (let first = 0; first < count; first += 8) {
    const group = layers.slice(first, first + 8).map((_, i) => `this.l${first + i}`);
    calls.push(`      .through(${group.join(", ")})`);
  }
  return `${IMPORT.replace("{ ", "{ Composite, type Input, ")}class Model extends Composite<Model> {
${fields}
  compose(x: Input<["N", 3, 224, 224]>) {
    return x
${calls.join("\n")};
  }
}
export const y = new Model().forward(randn([2, 3, 224, 224]));
export type Unused = Layer | Sequential;
`;
}
