/**
 * The operations on values: what each does to shapes, forward, and the backward that is written beside it in ops/. Every
 * one says `Value.name` in its sentences.
 */
import type { ActivationFunction, Numbers } from "../kernels/activation.js";
import { activation, activationBackward, keptByActivation } from "../ops/activation.js";
import {
  add,
  addBackward,
  divide,
  divideBackward,
  type Gradients,
  multiply,
  multiplyBackward,
  scale,
  subtract,
  subtractBackward,
  type Wanted,
} from "../ops/arithmetic.js";
import { clip, FUNCTIONS, powerOf } from "../ops/elementary.js";
import { permute, permuteBackward, slice, sliceBackward, split, splitBackward } from "../ops/layout.js";
import { matmul, matmulBackward } from "../ops/matmul.js";
import { addInto } from "../ops/merge.js";
import { type PadMode, pad, padBackward } from "../ops/pad.js";
import { max, maxBackward, mean, meanBackward, sum, sumBackward } from "../ops/reduce.js";
import { relu } from "../ops/relu.js";
import { softmax, softmaxBackward } from "../ops/softmax.js";
import { upsample, upsampleBackward } from "../ops/upsample.js";
import { broadcastShape, matmulGeometry } from "../shape/broadcast.js";
import { checkInteger, checkList, checkNumber, checkOneOf, readOptions, refuse } from "../shape/check.js";
import { checkNonEmpty, type Dims, dimGeometry, reducedShape, resolveDim, resolveDims } from "../shape/dim.js";
import { ShapeError } from "../shape/errors.js";
import { checkUnflattened, flattenShape, unflattenShape } from "../shape/flatten.js";
import { concatenatedShape } from "../shape/join.js";
import { permutedDims, squeezedShape, transposedOrder, unsqueezedShape } from "../shape/layout.js";
import { padSides } from "../shape/pad.js";
import { reshapeShape } from "../shape/reshape.js";
import { type Shape, showShape } from "../shape/shape.js";
import { type DimSlice, sliceGeometry } from "../shape/slice.js";
import {
  type UpsampleOptions,
  type UpsampleSettings,
  upsampleDims,
  upsampleSettings,
  upsampleShape,
} from "../shape/upsample.js";
import type { PadOptions } from "../tensor/pad.js";
import { padLoops } from "../tensor/pad.js";
import type { ReduceOptions } from "../tensor/reduce.js";
import type { Tensor } from "../tensor/tensor.js";
import { RELU } from "./epilogue.js";
import { concatenationOf } from "./merges.js";
import type { Operation } from "./module.js";
import type { Parameter } from "./parameter.js";

type One = readonly [Tensor];
type Two = readonly [Tensor, Tensor];

/** An operation of one input and one output. */
function unary(
  name: string,
  shape: (input: Shape) => Shape,
  forward: (x: Tensor, overwrites: boolean) => Tensor,
  backward: (dy: Tensor, x: Tensor, y: Tensor) => Tensor,
  traits: Partial<Operation> = {},
): Operation {
  return {
    name,
    shapes: ([input]) => [shape(input as Shape)],
    forward: (inputs, overwrites) => [forward((inputs as One)[0], overwrites)],
    backward: ([dy], inputs, [wanted], outputs) => [
      wanted ? backward(dy as Tensor, (inputs as One)[0], (outputs as One)[0]) : undefined,
    ],
    ...traits,
  };
}

/** An operation of two values, element by element, whose shapes broadcast. */
function binary(
  name: string,
  forward: (a: Tensor, b: Tensor) => Tensor,
  backward: (dy: Tensor, a: Tensor, b: Tensor, wanted: Wanted) => Gradients,
  traits: Partial<Operation> = {},
): Operation {
  return {
    name,
    shapes: (inputs) => [broadcastShape(`Value.${name}`, ...(inputs as readonly [Shape, Shape]))],
    forward: (inputs) => [forward(...(inputs as Two))],
    backward: ([dy], inputs, wanted) => backward(dy as Tensor, ...(inputs as Two), wanted as Wanted),
    ...traits,
  };
}

/** The same numbers in another shape, where they are. */
function view(name: string, shape: (input: Shape) => Shape): Operation {
  return unary(
    name,
    shape,
    (x) => x.withShape(shape(x.shape)),
    (dy, x) => dy.withShape(x.shape),
    { isView: true },
  );
}

/** With a number. Where it `scales`, backward does the same to the gradient. */
export function byNumber(
  name: string,
  by: number,
  forward: (x: Tensor, by: number) => Tensor,
  scales: boolean,
): Operation {
  checkNumber(`Value.${name}`, "its number", by);
  return unary(
    name,
    (input) => input,
    (x) => forward(x, by),
    (dy) => (scales ? forward(dy, by) : dy),
  );
}

export const negative: Operation = /* @__PURE__ */ byNumber("neg", -1, scale, true);

export const addValues: Operation = /* @__PURE__ */ binary(
  "add",
  add,
  (dy, a, b, wanted) => addBackward(dy, a.shape, b.shape, wanted),
  { isSum: true, forwardRectified: (inputs) => [add(...(inputs as Two), true)] },
);

export const subValues: Operation = /* @__PURE__ */ binary("sub", subtract, (dy, a, b, wanted) =>
  subtractBackward(dy, a.shape, b.shape, wanted),
);
export const mulValues: Operation = /* @__PURE__ */ binary("mul", multiply, multiplyBackward);
export const divValues: Operation = /* @__PURE__ */ binary("div", divide, divideBackward);

export const matmulValues: Operation = /* @__PURE__ */ binary("matmul", matmul, matmulBackward, {
  shapes: ([a, b]) => [matmulGeometry("Value.matmul", a as Shape, b as Shape).shape],
  multiplyAdds([a, b]) {
    const { shape, k } = matmulGeometry("Value.matmul", a as Shape, b as Shape);
    return shape.reduce((product, size) => product * size, k);
  },
});

/** A learned tensor: what arrives at it is added to its gradient. */
export function parameterOf(parameter: Parameter): Operation {
  return {
    name: parameter.name,
    parameter,
    isView: true,
    shapes: () => [parameter.value.shape],
    forward: () => [parameter.value],
    backward([dy]) {
      if (dy) addInto(parameter.grad, dy);
      return [];
    },
  };
}

export function concat(dim: number): Operation {
  checkInteger("Value.concat", "dim", dim, -Infinity);
  return concatenationOf(dim, (shapes) => {
    const [first = [], ...others] = shapes;
    return concatenatedShape("Value.concat", [first, ...others], resolveDim("Value.concat", dim, first));
  });
}

/** Parts of these sizes along `dim`; of a number, that many equal parts; the last one may be smaller. */
export function splitInto(name: "split" | "chunk", sizes: readonly number[] | number, dim: number): Operation {
  const who = `Value.${name}`;
  checkInteger(who, "dim", dim, -Infinity);
  const sizesOf = (shape: Shape): readonly number[] => {
    const size = shape[resolveDim(who, dim, shape)] as number;
    if (typeof sizes !== "number") {
      const total = sizes.reduce((sum, each) => sum + each, 0);
      if (total === size) return sizes;
      throw new ShapeError(
        `${who} expects sizes that add up to ${size}, the size of dim ${resolveDim(who, dim, shape)} of ${showShape(shape)}, but got ${showShape(sizes)}. Usual cause: sizes of a layer with other channels.`,
      );
    }
    const each = Math.ceil(size / sizes);
    const parts = Array.from({ length: sizes }, (_, i) => Math.max(0, Math.min(each, size - i * each)));
    if (parts.every((part) => part > 0)) return parts;
    throw new ShapeError(
      `${who} expects a dimension that splits into ${sizes} parts, but got the shape ${showShape(shape)}, in which dim ${resolveDim(who, dim, shape)} has ${size}. Usual cause: more chunks than channels.`,
    );
  };
  const partShapes = (shape: Shape) => sizesOf(shape).map((size) => shape.with(resolveDim(who, dim, shape), size));
  return {
    name,
    shapes: ([input]) => partShapes(input as Shape),
    forward: ([x]) => split(x as Tensor, sizesOf((x as Tensor).shape), dim),
    backward(dys, [x], [wanted]) {
      const { shape, dtype } = x as Tensor;
      return [wanted ? splitBackward(dys, sizesOf(shape), dim, shape, dtype) : undefined];
    },
  };
}

export function sliceOf(slices: readonly DimSlice[]): Operation {
  return unary(
    "slice",
    (input) => sliceGeometry("Value.slice", input, slices).shape,
    (x) => slice(x, slices),
    (dy, x) => sliceBackward(dy, x.shape, slices),
  );
}

export function reshape(shape: Shape | ((input: Shape) => Shape)): Operation {
  if (typeof shape !== "function" && !Array.isArray(shape)) {
    refuse("Value.reshape", "its shape", "a list of sizes, or a function that makes one of the input's", shape);
  }
  return view("reshape", (input) =>
    reshapeShape("Value.reshape", input, typeof shape === "function" ? shape(input) : shape),
  );
}

export const flatten = (startDim: number, endDim: number): Operation =>
  view("flatten", (input) => flattenShape("Value.flatten", input, startDim, endDim));

export function unflatten(dim: number, sizes: Shape): Operation {
  checkUnflattened("Value.unflatten", sizes);
  return view("unflatten", (input) => unflattenShape("Value.unflatten", input, dim, sizes));
}

export const squeeze = (dim: number | undefined): Operation =>
  view("squeeze", (input) => squeezedShape("Value.squeeze", input, dim));

export const unsqueeze = (dim: number): Operation =>
  view("unsqueeze", (input) => unsqueezedShape("Value.unsqueeze", input, dim));

/** Dimensions in another order, which the input's shape decides. */
function reorder(name: string, orderOf: (input: Shape) => readonly number[]): Operation {
  return unary(
    name,
    (input) => orderOf(input).map((dim) => input[dim] as number),
    (x) => permute(x, orderOf(x.shape)),
    (dy, x) => permuteBackward(dy, orderOf(x.shape)),
  );
}

export function permuteBy(order: readonly number[]): Operation {
  checkList("Value.permute", "its order", order);
  return reorder("permute", (input) => permutedDims("Value.permute", input, order));
}

export const transpose = (a: number, b: number): Operation =>
  reorder("transpose", (input) => transposedOrder("Value.transpose", input, a, b));

export function padBy(padding: readonly number[], options: PadOptions): Operation {
  const { mode, value } = readOptions("Value.pad", options, { mode: "constant", value: 0 });
  checkNumber("Value.pad", "value", value);
  const chosen: PadMode = checkOneOf("Value.pad", "mode", mode, ["constant", "reflect", "replicate", "circular"]);
  const sides = (input: Shape) => padSides("Value.pad", input, padding, chosen === "constant" ? "zeros" : chosen);
  return unary(
    "pad",
    (input) => padLoops(input, sides(input)).shape,
    (x) => pad(x, padding, chosen, value, "Value.pad"),
    (dy, x) => padBackward(dy, x.shape, padding, chosen),
  );
}

/** Along one dimension, several, or all. */
function reduction(
  name: string,
  dims: Dims,
  options: ReduceOptions<boolean>,
  forward: (x: Tensor, dims: Dims, keepDims: boolean) => Tensor,
  backward: (dy: Tensor, inputShape: Shape, dims: Dims) => Tensor,
): Operation {
  const { keepDims } = readOptions(`Value.${name}`, options, { keepDims: false });
  return unary(
    name,
    (input) => reducedShape(input, resolveDims(`Value.${name}`, dims, input), keepDims),
    (x) => forward(x, dims, keepDims),
    (dy, x) => backward(dy, x.shape, dims),
  );
}

export const meanOver = (dims: Dims, options: ReduceOptions<boolean>): Operation =>
  reduction("mean", dims, options, mean, meanBackward);

export const sumOver = (dims: Dims, options: ReduceOptions<boolean>): Operation =>
  reduction("sum", dims, options, sum, sumBackward);

/** It has a second output, which its backward reads: where the maxima are. */
export function maxOver(dims: Dims, options: ReduceOptions<boolean>): Operation {
  const { keepDims } = readOptions("Value.max", options, { keepDims: false });
  return {
    name: "max",
    shapes([input]) {
      const reduced = resolveDims("Value.max", dims, input as Shape);
      checkNonEmpty("Value.max", reduced, input as Shape);
      const shape = reducedShape(input as Shape, reduced, keepDims);
      return [shape, shape];
    },
    forward([x]) {
      const { y, winners } = max(x as Tensor, dims, keepDims);
      return [y, winners];
    },
    backward: ([dy], [x], [wanted], [, winners]) => [
      wanted ? maxBackward(dy as Tensor, winners as Tensor, (x as Tensor).shape, dims) : undefined,
    ],
  };
}

export function softmaxAlong(dim: number): Operation {
  const along = (shape: Shape) => dimGeometry("Value.softmax", dim, shape);
  return unary(
    "softmax",
    (input) => {
      along(input);
      return input;
    },
    (x) => softmax(along(x.shape), x),
    (dy, x, y) => softmaxBackward(along(x.shape), y, dy),
  );
}

export function upsampleBy(options: UpsampleOptions): Operation {
  const settings = upsampleSettings("Value.upsample", options);
  return unary(
    "upsample",
    (input) => upsampleShape("Value.upsample", settings, input),
    (x) => upsample(upsampleDims("Value.upsample", settings, x.shape), x),
    (dy, x) => upsampleBackward(upsampleDims("Value.upsample", settings, x.shape), dy),
  );
}

/** Resizes its first input to the height and width of its second one, and reads nothing else of it. */
export function resizeLike(options: Pick<UpsampleOptions, "mode" | "alignCorners">): Operation {
  const who = "Value.resizeLike";
  const { mode, alignCorners } = readOptions(who, options, { mode: "nearest", alignCorners: undefined });
  const settingsFor = (input: Shape, other: Shape): UpsampleSettings => {
    const size = other.slice(2);
    if (size.length === 0 || size.length !== input.length - 2) {
      throw new ShapeError(
        `${who} expects two values with the same number of dimensions after [N, C], but got ${showShape(input)} and ${showShape(other)}. Usual cause: a flattened value.`,
      );
    }
    return upsampleSettings(who, { size, mode, ...(alignCorners !== undefined && { alignCorners }) });
  };
  const dims = ([x, other]: Two) => upsampleDims(who, settingsFor(x.shape, other.shape), x.shape);
  return {
    name: "resizeLike",
    shapes: ([input, other]) => [upsampleShape(who, settingsFor(input as Shape, other as Shape), input as Shape)],
    forward: (inputs) => [upsample(dims(inputs as Two), (inputs as Two)[0])],
    backward: ([dy], inputs, [wanted]) => [
      wanted ? upsampleBackward(dims(inputs as Two), dy as Tensor) : undefined,
      undefined,
    ],
  };
}

function elementwise<N extends string>(
  name: string,
  f: ActivationFunction<N>,
  own: Numbers<N>,
  traits: Partial<Operation> = {},
): Operation {
  return unary(
    name,
    (input) => input,
    (x, overwrites) => activation(f, own, x, overwrites ? x : undefined),
    (dy, x, y) => activationBackward(f, own, keptByActivation(f, x, y), dy),
    { overwrites: true, ...traits },
  );
}

export const reluOf: Operation = /* @__PURE__ */ elementwise("relu", relu, {}, { activation: RELU });

export const functionOf = (name: keyof typeof FUNCTIONS): Operation => elementwise(name, FUNCTIONS[name], {});

export function clipTo(low: number, high: number): Operation {
  checkNumber("Value.clip", "low", low);
  checkNumber("Value.clip", "high", high);
  return elementwise("clip", clip, { low, high });
}

export const power = (exponent: number): Operation =>
  elementwise("pow", powerOf(checkNumber("Value.pow", "exponent", exponent)), {});
