/**
 * Modules as a user writes them who exports what the library gives: one of each class, every field, method and function,
 * and what these return. The compiler has to find a name for each of their types.
 */
import ts from "typescript";

/** How to make each class of an entry. `f` is the entry; what belongs to another one is omitted, for nothing runs. */
export const MADE = {
  faltung: [
    "new f.AdaptiveAvgPool2d(6)",
    "new f.AdaptiveMaxPool2d([6, null])",
    "new f.ArgumentError('')",
    "new f.AvgPool2d(2)",
    "new f.AvgPool2d(2, { stride: 1, padding: [0, 1] })",
    "new f.BatchNorm1d(8)",
    "new f.BatchNorm2d(8, { eps: 1e-3 })",
    "new f.Cache<f.Tensor>()",
    "new f.Conv1d(1, 2, 3)",
    "new f.Conv1d(1, 2, 3, { padding: 'same' })",
    "new f.Conv2d(1, 8, 3)",
    "new f.Conv2d(1, 8, [3, 5], { padding: [1, 2], random: new f.Random(1) })",
    "new f.ConvTranspose2d(8, 4, 4)",
    "new f.ConvTranspose2d(8, 4, 4, { stride: 2, padding: 1 })",
    "new f.ChannelShuffle(2)",
    "new f.Dropout(0.5)",
    "new f.Dropout2d()",
    "new f.ELU()",
    "new f.Embedding(10, 4, { paddingIdx: 0 })",
    "new f.Flatten()",
    "new f.Flatten({ startDim: 2 })",
    "new f.FormatError('')",
    "new f.GELU({ approximate: 'tanh' })",
    "new f.GlobalAvgPool2d()",
    "new f.GlobalMaxPool2d()",
    "f.graph(['N', 3], { act: new f.ReLU(), fc: [new f.Linear(3, 2)] }, ({ act, fc: [fc] }, x) => x.through(act, fc))",
    "f.graph([['N', 'H'], ['N', 1]], {}, (_, a, b) => ({ sum: a.add(b), product: a.mul(b) }))",
    "new f.GroupNorm(4, 16)",
    "new f.Hardshrink()",
    "new f.Hardsigmoid()",
    "new f.Hardswish()",
    "new f.Hardtanh({ minVal: -2 })",
    "new f.Identity()",
    "new f.InstanceNorm2d(8, { affine: true })",
    "new f.LayerNorm([8, 8])",
    "new f.LeakyReLU(0.1)",
    "new f.Linear(8, 2)",
    "new f.Linear(8, 2, { bias: false })",
    "new f.LocalResponseNorm(5)",
    "new f.LogSigmoid()",
    "new f.LogSoftmax(1)",
    "new f.MaxPool2d(2)",
    "new f.MaxPool2d(2, { stride: 1, ceilMode: true })",
    "new f.Maxout(2)",
    "new f.Maxout(2, { dim: 2 })",
    "new f.MaxoutLinear(8, 2, { pieces: 3 })",
    "new f.Mish()",
    "new f.PReLU(8)",
    "new f.Parallel([new f.Conv2d(1, 8, 3), new f.Conv2d(1, 8, 3, { bias: false })])",
    "new f.Parallel([new f.ReLU(), new f.Tanh()], { merge: 'add' })",
    "new f.Parameter('weight', f.randn([2, 3]))",
    "new f.Permute([0, 2, 1])",
    "new f.PixelShuffle(2)",
    "new f.PixelUnshuffle(2)",
    "new f.Random(1)",
    "new f.ReLU()",
    "new f.ReLU6()",
    "new f.Residual(new f.Conv2d(8, 8, 3, { padding: 1 }))",
    "new f.Residual(new f.Conv2d(8, 4, 1), new f.Conv2d(8, 4, 1))",
    "new f.SELU()",
    "new f.Sequential()",
    "new f.Sequential(...[new f.ReLU()])",
    "new f.Sequential(new f.Conv2d(1, 8, 3), new f.ReLU(), new f.Flatten())",
    "new f.Sequential(['N', 1, 28, 28], new f.Conv2d(1, 6, 5), new f.MaxPool2d(2), new f.Flatten(), new f.Linear(864, 10))",
    "new f.ShapeError('')",
    "new f.SiLU()",
    "new f.Sigmoid()",
    "new f.Slice(null, [0, 2])",
    "new f.StochasticDepth(0.2, 'row')",
    "new f.Softmax(-1)",
    "new f.Softplus({ beta: 2 })",
    "new f.Softshrink()",
    "new f.Softsign()",
    "new f.StateBuffer('running_mean', f.zeros([2]))",
    "new f.StateError('')",
    "new f.Tanh()",
    "new f.Tanhshrink()",
    "new f.Tensor(new Float32Array(6), [2, 3])",
    "new f.Unflatten(1, [2, 4])",
    "new f.Upsample({ scaleFactor: 2 })",
    "new f.Upsample({ size: [4, 4], mode: 'bilinear' })",
    "new f.ZeroPad2d([1, 2, 3, 4])",
  ],
  "faltung/data": ["new f.DataLoader(new f.Dataset(null as never, [1]))", "new f.Dataset(null as never, [1])"],
  "faltung/io": ["new f.FormatError('')"],
  "faltung/models": [
    "new f.AlexNet()",
    "new f.Autoencoder()",
    'new f.DeepLabV3({ backbone: "mobilenetV3Large" })',
    "new f.DenseNet()",
    "new f.EfficientNet()",
    "new f.FCN()",
    "new f.GoogLeNet()",
    "new f.InceptionV3()",
    "new f.LRASPP()",
    "new f.FaceLandmarks()",
    "new f.FaceRecognition()",
    "new f.LeNet5()",
    "new f.LeNet5({ inChannels: 3, activation: 'tanh' })",
    "new f.MobileNetV2()",
    'new f.MobileNetV3("small")',
    "new f.ShuffleNetV2()",
    "new f.ResNet(18)",
    "new f.ResNet(50, { numClasses: 10 })",
    "new f.SqueezeNet()",
    "new f.TinyFaceDetector()",
    "new f.TinyYOLOv2()",
    "new f.UNet()",
    "new f.VGG(16)",
  ],
  "faltung/node": [],
  "faltung/shapes": [],
  "faltung/testing": [],
  "faltung/train": [
    "new f.Adadelta([])",
    "new f.Adagrad([])",
    "new f.Adam([])",
    "new f.AdamW([])",
    "new f.Adamax([])",
    "new f.BCELoss()",
    "new f.BCEWithLogitsLoss()",
    "new f.ConfusionMatrix(10)",
    "new f.CosineAnnealingLR(new f.Adam([]), { tMax: 1 })",
    "new f.CrossEntropyLoss()",
    "new f.CrossEntropyLoss({ reduction: 'none' })",
    "new f.ExponentialLR(new f.Adam([]), { gamma: 1 })",
    "new f.HuberLoss()",
    "new f.KLDivLoss({ reduction: 'batchmean' })",
    "new f.L1Loss()",
    "new f.LinearLR(new f.Adam([]))",
    "new f.MSELoss({ reduction: 'none' })",
    "new f.NLLLoss()",
    "new f.NonFiniteError(null as never, undefined)",
    "new f.OneCycleLR(new f.Adam([]), { maxLr: 1, totalSteps: 2 })",
    "new f.PolynomialLR(new f.Adam([]))",
    "new f.RAdam([])",
    "new f.RMSprop([])",
    "new f.ReduceLROnPlateau(new f.Adam([]))",
    "new f.Rprop([])",
    "new f.SGD([], { lr: 0.1 })",
    "new f.SmoothL1Loss()",
    "new f.StepLR(new f.Adam([]), { stepSize: 1 })",
  ],
  "faltung/vision": [
    "new f.EmbeddingStore()",
    "new f.FormatError('')",
    "new f.PanopticQuality(3)",
    "new f.YoloLoss(null as never)",
  ],
} as const satisfies Record<string, readonly string[]>;

export type Entry = keyof typeof MADE;

export const ENTRIES = Object.keys(MADE) as Entry[];

/** What a program that imports the library has in `lib` at least: no entry needs the DOM's types, or Node's. */
export const LIBRARY = "es2022";

/** What a careful user has switched on, with the library's declarations checked as well. */
export const OPTIONS: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  declaration: true,
  emitDeclarationOnly: true,
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.NodeNext,
  moduleResolution: ts.ModuleResolutionKind.NodeNext,
  types: [],
  lib: [`lib.${LIBRARY}.d.ts`],
};

const parsed = new Map<string, ts.SourceFile | undefined>();

/** A host that parses each file of declarations once. */
export function hostOf(options: ts.CompilerOptions): ts.CompilerHost {
  const host = ts.createCompilerHost(options, true);
  const { getSourceFile } = host;
  host.getSourceFile = (name, ...rest) => {
    if (!name.endsWith(".d.ts")) return getSourceFile(name, ...rest);
    if (!parsed.has(name)) parsed.set(name, getSourceFile(name, ...rest));
    return parsed.get(name);
  };
  return host;
}

export interface ExportingModule {
  readonly code: string;
  /** Classes of the entry that {@link MADE} does not make. */
  readonly forgotten: readonly string[];
}

/** A module that exports all there is in an entry; `path` is where it will lie, beside a `node_modules` with the package. */
export function exportingModule(entry: Entry, path: string): ExportingModule {
  const made = MADE[entry].map((expression, i) => `export const c${i} = ${expression};`);
  const head = [`import * as f from "${entry}";`, ...made].join("\n");
  const host = hostOf(OPTIONS);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (name) => name === path || fileExists(name);
  host.readFile = (name) => (name === path ? head : readFile(name));
  host.getSourceFile = (name, ...rest) =>
    name === path ? ts.createSourceFile(name, head, ts.ScriptTarget.ES2022, true) : getSourceFile(name, ...rest);
  const program = ts.createProgram([path], OPTIONS, host);
  const file = program.getSourceFile(path);
  const checker = program.getTypeChecker();
  const lines: string[] = [];
  const forgotten: string[] = [];
  /** The value under a name of its own, and what it returns, but for generic functions and lists of arguments. */
  const add = (name: string, value: string, type: ts.Type) => {
    lines.push(`export const ${name} = ${value};`);
    const [signature] = type.getCallSignatures();
    if (!signature || signature.typeParameters || takesList(signature)) return;
    lines.push(`export const ${name}_result = ${value}(...(null as unknown as Parameters<typeof ${value}>));`);
  };
  for (const statement of file?.statements ?? []) {
    if (ts.isImportDeclaration(statement)) {
      const module = checker.getSymbolAtLocation(statement.moduleSpecifier);
      if (!module) throw new Error(`${entry} is not found from ${path}`);
      for (const symbol of checker.getExportsOfModule(module)) {
        // Of what is exported as a type there is no value.
        if (
          symbol.declarations?.some((at) => ts.isExportSpecifier(at) && (at.isTypeOnly || at.parent.parent.isTypeOnly))
        )
          continue;
        const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
        if (!(target.flags & ts.SymbolFlags.Value)) continue;
        const type = checker.getTypeOfSymbol(target);
        const isAbstract = target.declarations?.some(
          (at) => ts.isClassDeclaration(at) && ts.getCombinedModifierFlags(at) & ts.ModifierFlags.Abstract,
        );
        const isClass = type.getConstructSignatures().length > 0 && !isAbstract;
        if (isClass && !new RegExp(`new f\\.${symbol.name}\\b`).test(head)) forgotten.push(symbol.name);
        add(`v_${symbol.name}`, `f.${symbol.name}`, type);
      }
    } else if (ts.isVariableStatement(statement)) {
      for (const { name } of statement.declarationList.declarations) {
        const type = checker.getTypeAtLocation(name);
        for (const property of type.getProperties()) {
          const { valueDeclaration } = property;
          if (!valueDeclaration || !/^\w+$/.test(property.name) || property.name.startsWith("__")) continue;
          const hidden = ts.ModifierFlags.Protected | ts.ModifierFlags.Private;
          if (ts.getCombinedModifierFlags(valueDeclaration) & hidden) continue;
          const made = name.getText();
          add(`${made}_${property.name}`, `${made}.${property.name}`, checker.getTypeOfSymbol(property));
        }
      }
    }
  }
  const fields = MADE[entry].map((expression, i) => `  readonly c${i} = ${expression};`);
  const code = [head, ...lines, "export class Fields {", ...fields, "}"].join("\n");
  return { code: `${code}\n`, forgotten };
}

function takesList({ declaration }: ts.Signature): boolean {
  const last = declaration?.parameters.at(-1);
  return last !== undefined && ts.isParameter(last) && last.dotDotDotToken !== undefined;
}
