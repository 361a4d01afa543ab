/**
 * Small augmentations: each makes a transform of batches `[N, …, H, W]` for a {@link DataLoader}, draws anew for every
 * image from the loader's generator, and moves all channels of an image together.
 */
import { checkFinite, checkFunction, checkInteger, checkRandom, checkRange, readOptions } from "../shape/check.js";
import { rankMismatch } from "../shape/errors.js";
import { sizeOf } from "../shape/shape.js";
import type { Random } from "../tensor/random.js";
import { allocate, type FloatArray, type Tensor } from "../tensor/tensor.js";
import { type AnyTargets, checkBatch } from "./dataset.js";
import type { InputTransform, Transform } from "./loader.js";
import { sinCos } from "./rotation.js";

/** What comes into an image where it was moved away. */
export interface FillOptions {
  /** What comes in from outside the image. Default 0: black, unless the images are normalized already. */
  readonly fill?: number;
}

/**
 * Runs transforms one after the other.
 * @example
 * const transform = compose(randomShift(2), randomRotate(10), normalize({ mean: 0.1307, std: 0.3081 }));
 */
export function compose(...transforms: readonly InputTransform[]): InputTransform;
export function compose<T extends AnyTargets>(...transforms: readonly Transform<T>[]): Transform<T>;
export function compose<T extends AnyTargets>(...transforms: readonly Transform<T>[]): Transform<T> {
  transforms.forEach((transform, i) => void checkFunction("compose", `transform ${i}`, transform));
  return (batch, random) =>
    transforms.reduce(
      (result, transform, i) => checkBatch("compose", `what transform ${i} returns`, transform(result, random)),
      batch,
    );
}

/**
 * Moves each image by a whole number of pixels up or down and left or right, each uniform in ±`maxPixels`.
 * @throws ArgumentError when `maxPixels` is not an integer ≥ 0; ShapeError (when it runs) for inputs of fewer than three dimensions.
 * @example
 * new DataLoader(digits, { batchSize: 64, shuffle: true, transform: randomShift(2) });
 */
export function randomShift(maxPixels: number, options: FillOptions = {}): InputTransform {
  const { fill } = readOptions("randomShift", options, { fill: 0 });
  checkInteger("randomShift", "maxPixels", maxPixels, 0);
  checkFinite("randomShift", "fill", fill);
  const draw = (random: Random) => random.integer(2 * maxPixels + 1) - maxPixels;
  return augmentation("randomShift", (inputs, random) =>
    mapImages("randomShift", inputs, () => {
      const down = draw(random);
      const right = draw(random);
      return (from, to, start, height, width) => {
        const left = Math.max(0, right);
        const columns = Math.max(0, width - Math.abs(right));
        to.fill(fill, start, start + height * width);
        for (let i = Math.max(0, down); i < Math.min(height, height + down); i++) {
          const source = start + (i - down) * width + left - right;
          to.set(from.subarray(source, source + columns), start + i * width + Math.min(left, width - columns));
        }
      };
    }),
  );
}

/**
 * Turns each image about its center by an angle uniform in ±`maxDegrees`, with bilinear interpolation.
 * @param maxDegrees from 0 to 180; positive angles turn counter-clockwise, as torchvision's do
 * @throws ArgumentError when `maxDegrees` is out of range; ShapeError (when it runs) for inputs of fewer than three dimensions.
 * @example
 * new DataLoader(digits, { batchSize: 64, shuffle: true, transform: randomRotate(10) });
 */
export function randomRotate(maxDegrees: number, options: FillOptions = {}): InputTransform {
  const { fill } = readOptions("randomRotate", options, { fill: 0 });
  checkRange("randomRotate", "maxDegrees", maxDegrees, 0, 180);
  checkFinite("randomRotate", "fill", fill);
  return augmentation("randomRotate", (inputs, random) =>
    mapImages("randomRotate", inputs, () => {
      const [sin, cos] = sinCos((random.uniform(-maxDegrees, maxDegrees) * Math.PI) / 180);
      return (from, to, start, height, width) => rotate(from, to, start, height, width, sin, cos, fill);
    }),
  );
}

/**
 * Adds normal noise of this standard deviation to every pixel.
 * @throws ArgumentError when `std` is negative or not finite.
 * @example
 * new DataLoader(digits, { batchSize: 64, shuffle: true, transform: randomNoise(0.05) });
 */
export function randomNoise(std: number): InputTransform {
  checkRange("randomNoise", "std", checkFinite("randomNoise", "std", std), 0, Infinity);
  return augmentation("randomNoise", (inputs, random) => {
    const y = inputs.clone();
    const { data } = y;
    for (let i = 0; i < data.length; i++) data[i] = (data[i] ?? 0) + std * random.normal();
    return y;
  });
}

/** A transform of inputs that draws random numbers. */
function augmentation(who: string, change: (inputs: Tensor, random: Random) => Tensor): InputTransform {
  return (batch, random) => {
    const { inputs, targets } = checkBatch(who, "its batch", batch);
    checkRandom(who, random);
    return { inputs: change(inputs, random), targets };
  };
}

/** Computes one plane `[H, W]` of `to` that starts at `start` from the same plane of `from`. */
type PlaneMap = (from: FloatArray, to: FloatArray, start: number, height: number, width: number) => void;

/** A tensor of the same shape, every image's planes mapped by what `draw` returns for that image. */
function mapImages(who: string, x: Tensor, draw: () => PlaneMap): Tensor {
  const [batch = 0] = x.shape;
  const [height, width] = x.shape.slice(-2);
  if (x.shape.length < 3 || height === undefined || width === undefined) {
    throw rankMismatch(who, "[N, …, H, W]", x.shape, "images flattened before augmentation");
  }
  const y = allocate(x.shape, x.dtype);
  const planes = sizeOf(x.shape.slice(1, -2));
  for (let image = 0; image < batch; image++) {
    const map = draw();
    for (let plane = image * planes; plane < (image + 1) * planes; plane++) {
      map(x.data, y.data, plane * height * width, height, width);
    }
  }
  return y;
}

/**
 * to[i, j] = from at the point that the rotation brings to (i, j), interpolated between its four neighbors:
 *
 *     (x, y) = (cos·dx − sin·dy, sin·dx + cos·dy) + center,   (dx, dy) = (j, i) − center,   rows count downwards
 */
function rotate(
  from: FloatArray,
  to: FloatArray,
  start: number,
  height: number,
  width: number,
  sin: number,
  cos: number,
  fill: number,
): void {
  const centerX = (width - 1) / 2;
  const centerY = (height - 1) / 2;
  for (let i = 0; i < height; i++) {
    for (let j = 0; j < width; j++) {
      const x = cos * (j - centerX) - sin * (i - centerY) + centerX;
      const y = sin * (j - centerX) + cos * (i - centerY) + centerY;
      const left = Math.floor(x);
      const top = Math.floor(y);
      const at = start + top * width + left;
      const hasLeft = left >= 0 && left < width;
      const hasRight = left >= -1 && left < width - 1;
      const hasTop = top >= 0 && top < height;
      const hasBottom = top >= -1 && top < height - 1;
      const a = hasTop && hasLeft ? (from[at] ?? 0) : fill;
      const b = hasTop && hasRight ? (from[at + 1] ?? 0) : fill;
      const c = hasBottom && hasLeft ? (from[at + width] ?? 0) : fill;
      const d = hasBottom && hasRight ? (from[at + width + 1] ?? 0) : fill;
      const above = a + (x - left) * (b - a);
      const below = c + (x - left) * (d - c);
      to[start + i * width + j] = above + (y - top) * (below - above);
    }
  }
}
