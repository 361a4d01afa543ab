/** Images of bytes to tensors, and their normalization. */
import { checkFinite, readOptions } from "../shape/check.js";
import { ArgumentError, ShapeError } from "../shape/errors.js";
import { checkShape } from "../shape/reshape.js";
import { type Shape, showShape, sizeOf } from "../shape/shape.js";
import { show } from "../shape/show.js";
import { allocate, type Tensor } from "../tensor/tensor.js";
import { checkBatch } from "./dataset.js";
import { checkLabels } from "./labels.js";
import type { InputTransform } from "./loader.js";

/** What to subtract from each channel and then divide it by: one number for all channels, or one for each. */
export interface NormalizeOptions {
  /** Default 0. MNIST: 0.1307. */
  readonly mean?: number | readonly number[];
  /** Default 1. MNIST: 0.3081. */
  readonly std?: number | readonly number[];
}

/** Numbers with a shape, as `readIdx` reads them; a tensor is one, too. */
export interface RawArray {
  readonly shape: Shape;
  readonly data: ArrayLike<number>;
}

/**
 * Images of bytes `[N, H, W]` or `[N, C, H, W]` as a tensor `[N, 1, H, W]` or `[N, C, H, W]`: divided by 255, then
 * normalized, each step rounded to float32 as torchvision's `ToTensor` and `Normalize` do.
 *
 *     y[n, c] = (x[n, c] / 255 − mean[c]) / std[c]
 *
 * @throws ArgumentError when the data are not bytes, or for a mean that is not finite or a std that is not positive;
 *   ShapeError for another rank, more or fewer bytes than the shape says, or for a number of means or stds other than the
 *   channels.
 * Source: https://pytorch.org/vision/stable/generated/torchvision.transforms.Normalize.html
 * @example
 * const x = imagesToTensor(readIdx(bytes), { mean: 0.1307, std: 0.3081 }); // [60000, 1, 28, 28]
 */
export function imagesToTensor(images: RawArray, options: NormalizeOptions = {}): Tensor {
  const { shape, data } = checkRaw("imagesToTensor", images);
  checkShape("imagesToTensor", shape);
  if (!(data instanceof Uint8Array)) {
    throw new ArgumentError(
      `imagesToTensor expects bytes, as a Uint8Array, but got ${Array.isArray(data) ? "an array" : show(data)}. Usual cause: pixels that are floats already: new Tensor(data, shape).`,
    );
  }
  const [batch, ...rest] = shape;
  if (batch === undefined || (rest.length !== 2 && rest.length !== 3)) {
    throw new ShapeError(
      `imagesToTensor expects images [N, H, W] or [N, C, H, W], but got ${showShape(shape)}. Usual cause: the file of labels instead of the file of images.`,
    );
  }
  checkLength("imagesToTensor", shape, data.length, "bytes");
  const y = allocate([batch, ...(rest.length === 2 ? [1] : []), ...rest], "float32");
  const scaled = Float32Array.from({ length: 256 }, (_, byte) => byte / 255);
  const out = y.data;
  forEachChannel("imagesToTensor", y.shape, options, (start, end, mean, std) => {
    for (let i = start; i < end; i++) out[i] = Math.fround((scaled[data[i] ?? 0] ?? 0) - mean) / std;
  });
  return y;
}

/**
 * A transform that normalizes inputs `[N, C, …]`: y[n, c] = (x[n, c] − mean[c]) / std[c]. Put it last: augmentations
 * fill with 0, which is black only before normalizing.
 *
 * @throws ArgumentError for a mean that is not finite or a std that is not positive; ShapeError (when it runs) for
 *   inputs without channel dimension, or for a number of means or stds other than the channels'.
 * @example
 * new DataLoader(photos, { transform: normalize({ mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }) });
 */
export function normalize(options: NormalizeOptions): InputTransform {
  statistics("normalize", options);
  return (batch) => {
    const { inputs, targets } = checkBatch("normalize", "its batch", batch);
    const y = allocate(inputs.shape, inputs.dtype);
    const [from, to] = [inputs.data, y.data];
    const round = inputs.dtype === "float64" ? Number : Math.fround;
    forEachChannel("normalize", inputs.shape, options, (start, end, mean, std) => {
      for (let i = start; i < end; i++) to[i] = round((from[i] ?? 0) - mean) / std;
    });
    return { inputs: y, targets };
  };
}

type Statistic = readonly number[];

/** @throws ArgumentError for anything but numbers with a shape. */
function checkRaw(who: string, value: RawArray): RawArray {
  const { shape, data } = Object(value) as Partial<RawArray>;
  if (Array.isArray(shape) && typeof data?.length === "number") return value;
  throw new ArgumentError(
    `${who} expects an array { shape, data } as readIdx returns it, but got ${show(value)}. Usual cause: the bytes of a file that readIdx should read first, or a missing await.`,
  );
}

/** @throws ShapeError unless there are as many numbers as the shape says. */
function checkLength(who: string, shape: Shape, length: number, what: string): void {
  if (length !== sizeOf(shape)) {
    throw new ShapeError(
      `${who} expects ${sizeOf(shape)} ${what} for the shape ${showShape(shape)}, but got ${length}. Usual cause: a part of the data with the shape of all of them.`,
    );
  }
}

/** Checked means and standard deviations, each of one number, or of one per channel. */
function statistics(who: string, options: NormalizeOptions): readonly [Statistic, Statistic] {
  const { mean, std } = readOptions(who, options, { mean: 0, std: 1 });
  for (const [name, value] of Object.entries({ mean, std })) {
    if (typeof value === "number" || Array.isArray(value)) continue;
    throw new ArgumentError(
      `${who} expects ${name} to be a number or an array of one per channel, but got ${show(value)}. Usual cause: a typed array or a tensor: turn it into an array with Array.from(x.data).`,
    );
  }
  const list = (value: number | readonly number[]) => (Array.isArray(value) ? value : [value]) as Statistic;
  const [means, stds] = [list(mean), list(std)];
  for (const each of means) checkFinite(who, "mean", each);
  for (const each of stds) {
    if (!(checkFinite(who, "std", each) > 0)) {
      throw new ArgumentError(
        `${who} expects std to be positive, but got ${each}. Usual cause: a constant channel, or a variance that was never computed.`,
      );
    }
  }
  return [means, stds];
}

/** Calls `each` with the range of every channel of every sample and its statistics, in float32 as torch keeps them. */
function forEachChannel(
  who: string,
  shape: Shape,
  options: NormalizeOptions,
  each: (start: number, end: number, mean: number, std: number) => void,
): void {
  const [means, stds] = statistics(who, options);
  const [batch, channels, ...pixels] = shape;
  const wrong = [means.length, stds.length].find((count) => count !== 1 && count !== channels);
  if (batch === undefined || channels === undefined || wrong !== undefined) {
    throw new ShapeError(
      `${who} expects inputs [N, C, …]${wrong === undefined ? "" : ` with ${wrong} channels, one for each mean and std`}, but got ${showShape(shape)}. Usual cause: statistics of color images for gray ones, or a missing channel dimension.`,
    );
  }
  const size = pixels.reduce((product, extent) => product * extent, 1);
  for (let plane = 0; plane < batch * channels; plane++) {
    const channel = plane % channels;
    const at = (statistic: Statistic) => Math.fround(statistic[statistic.length === 1 ? 0 : channel] ?? 0);
    each(plane * size, (plane + 1) * size, at(means), at(stds));
  }
}

/**
 * Class indices as the losses take them. Accepts what `readIdx` gives, a tensor `[N]` (as `readNpy` gives), or numbers.
 * @throws ArgumentError for a label that is not an integer of 32 bits or no labels at all, ShapeError for more than one dimension
 *   or more or fewer labels than the shape says.
 * @example
 * const labels = labelsToInt32(readIdx(labelBytes)); // Int32Array of 60000
 */
export function labelsToInt32(labels: ArrayLike<number> | RawArray): Int32Array {
  const isRaw = typeof labels === "object" && labels !== null && "data" in labels;
  const data = isRaw ? checkRaw("labelsToInt32", labels).data : labels;
  checkLabels("labelsToInt32", data);
  const shape = isRaw ? labels.shape : [data.length];
  checkShape("labelsToInt32", shape);
  if (shape.length !== 1) {
    throw new ShapeError(
      `labelsToInt32 expects one label per sample, a shape [N], but got ${showShape(shape)}. Usual cause: the file of images instead of the file of labels, or labels as one-hot rows.`,
    );
  }
  checkLength("labelsToInt32", shape, data.length, "labels");
  return Int32Array.from(data, (label, i) => {
    if (label !== (label | 0)) {
      throw new ArgumentError(`labelsToInt32 expects 32-bit integers, but label ${i} is ${label}.`);
    }
    return label;
  });
}
