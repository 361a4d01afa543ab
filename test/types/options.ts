/** Every options object that a user can write for the library: found in the types of what the entries export. */
import ts from "typescript";

/** A call that ends in an options object. */
export interface OptionsCall {
  /** `Conv2d`, `Tensor.sum` */
  readonly name: string;
  /** The call up to its options: `new f.Conv2d(1, 6, 5, `. */
  readonly head: string;
  readonly options: readonly Option[];
}

export interface Option {
  readonly name: string;
  /** A value that the option takes, as code. */
  readonly value: string;
  /** The texts that it takes, where it takes only certain ones. */
  readonly texts: readonly string[];
}

/** Arguments before the options, of what infers types from them; elsewhere `null as never` will do. */
const ARGUMENTS: Readonly<Record<string, string>> = {
  AdaptiveMaxPool2d: "6",
  AvgPool2d: "2",
  BatchNorm1d: "8",
  BatchNorm2d: "8",
  Conv1d: "1, 6, 5",
  Conv2d: "1, 6, 5",
  ConvTranspose2d: "8, 4, 4",
  Dropout: "0.5",
  Dropout2d: "0.5",
  StochasticDepth: '0.5, "row"',
  Embedding: "10, 4",
  GroupNorm: "4, 16",
  InstanceNorm2d: "8",
  LayerNorm: "8",
  Linear: "84, 10",
  LocalResponseNorm: "5",
  MaxPool2d: "2",
  Maxout: "2",
  MaxoutLinear: "8, 2",
  PReLU: "8",
  Parallel: "[new f.ReLU(), new f.Conv2d(1, 1, 1)]",
  ResNet: "18",
  VGG: "16",
};

/** The calls of everything that `f`, an import of all entries, has: constructors, functions, and methods of what it constructs. */
export function optionsCalls(checker: ts.TypeChecker, f: ts.Type, at: ts.Node): OptionsCall[] {
  const calls = new Map<string, OptionsCall>();
  const add = (name: string, callee: string, signatures: readonly ts.Signature[]) => {
    for (const signature of signatures) {
      signature.parameters.forEach((parameter, i) => {
        const type = optionsType(checker, parameter, at);
        if (!type) return;
        const before = ARGUMENTS[name] ?? Array.from({ length: i }, () => "null as never").join(", ");
        const head = `${callee}(${before}${before === "" ? "" : ", "}`;
        const options = type.getProperties().map((property) => optionOf(checker, property, at));
        const other = calls.get(name)?.options ?? [];
        const more = options.filter((option) => !other.some((known) => known.name === option.name));
        calls.set(name, { name, head, options: [...other, ...more] });
      });
    }
  };
  for (const symbol of f.getProperties()) {
    const type = checker.getTypeOfSymbolAtLocation(symbol, at);
    if (!(type.flags & ts.TypeFlags.Object)) continue;
    const isAbstract = type.symbol?.declarations?.some(
      (one) => ts.getCombinedModifierFlags(one) & ts.ModifierFlags.Abstract,
    );
    const constructors = type.getConstructSignatures();
    add(symbol.name, constructors.length > 0 ? `new f.${symbol.name}` : `f.${symbol.name}`, [
      ...(isAbstract ? [] : constructors),
      ...type.getCallSignatures(),
    ]);
    const made = constructors[0]?.getReturnType() ?? (type.getCallSignatures().length > 0 ? undefined : type);
    for (const method of made?.getProperties() ?? []) {
      const { declarations = [] } = method;
      const hidden = ts.ModifierFlags.Protected | ts.ModifierFlags.Private;
      if (!/^\w+$/.test(method.name) || declarations.some((one) => ts.getCombinedModifierFlags(one) & hidden)) continue;
      // Once, where it is declared.
      const owner = declarations[0]?.parent;
      const from = owner && ts.isClassDeclaration(owner) ? owner.name?.text : symbol.name;
      if (from && f.getProperty(from) && from !== symbol.name) continue;
      const callee =
        constructors.length > 0 ? `(null as unknown as InstanceType<typeof f.${symbol.name}>)` : `f.${symbol.name}`;
      add(
        `${symbol.name}.${method.name}`,
        `${callee}.${method.name}`,
        checker.getTypeOfSymbol(method).getCallSignatures(),
      );
    }
  }
  return [...calls.values()];
}

/** The type of an options object that a parameter is, if it is one. */
function optionsType(checker: ts.TypeChecker, parameter: ts.Symbol, at: ts.Node): ts.Type | undefined {
  const declared = parameter.valueDeclaration;
  if (!declared || !ts.isParameter(declared)) return undefined;
  let type = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(parameter, at));
  if (declared.dotDotDotToken) {
    // `...options: OnlyArguments<Name, O, All>`, where `O extends readonly [options?: All]`
    const list = type.aliasTypeArguments?.[1];
    const [element] = list ? checker.getTypeArguments((list.getConstraint() ?? list) as ts.TypeReference) : [];
    if (!element) return undefined;
    type = checker.getNonNullableType(element);
  }
  // `LossOptions<R> | LossOptions`
  if (type.isUnion()) [type = type] = type.types;
  const parts = type.isIntersection() ? type.types : [type];
  const resolved = parts
    .map((part) => (part.isTypeParameter() ? checker.getNonNullableType(part.getConstraint() ?? part) : part))
    .filter((part) => part.flags & ts.TypeFlags.Object || part.isIntersection());
  const [first] = resolved;
  if (!first || first.getCallSignatures().length > 0 || checker.isArrayType(first) || checker.isTupleType(first))
    return undefined;
  const whole = parts.length > 1 && parts.every((part) => part.flags & ts.TypeFlags.Object) ? type : first;
  if (whole.getStringIndexType() || whole.getNumberIndexType()) return undefined;
  const properties = whole.getProperties();
  const optional = properties.filter((property) => property.flags & ts.SymbolFlags.Optional);
  // Not what merely happens to be an object: a picture, a state.
  const isOptions =
    parameter.name === "options" ||
    (ts.isObjectBindingPattern(declared.name) ? optional.length > 0 : optional.length === properties.length);
  const isOwn = properties.some((property) => !property.declarations?.[0]?.getSourceFile().hasNoDefaultLib);
  return isOptions && isOwn ? whole : undefined;
}

function optionOf(checker: ts.TypeChecker, property: ts.Symbol, at: ts.Node): Option {
  const declared = checker.getNonNullableType(checker.getTypeOfSymbolAtLocation(property, at));
  const type = checker.getBaseConstraintOfType(declared) ?? declared;
  const parts = type.isUnion() ? type.types : [type];
  const texts = parts.filter((part) => part.isStringLiteral()).map((part) => (part as ts.StringLiteralType).value);
  const value = parts.some((part) => part.flags & ts.TypeFlags.BooleanLike)
    ? "true"
    : parts.some((part) => part.flags & ts.TypeFlags.NumberLike)
      ? `${(parts.find((part) => part.isNumberLiteral()) as ts.NumberLiteralType | undefined)?.value ?? 1}`
      : texts[0] !== undefined
        ? JSON.stringify(texts[0])
        : "null as never";
  return { name: property.name, value, texts };
}
