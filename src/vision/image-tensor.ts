/** Pictures to tensors and back. */

import { imagesToTensor, type NormalizeOptions } from "../data/images.js";
import { readOptions } from "../shape/check.js";
import { ShapeError } from "../shape/errors.js";
import { showShape } from "../shape/shape.js";
import { checkTensor, type Tensor } from "../tensor/tensor.js";
import { blank } from "./blank.js";
import { changeChannels, type ToChannelsOptions, WHITE } from "./channels.js";
import { channelsOf, type Pixels } from "./pixels.js";

/** Mean and standard deviation of ImageNet's photographs, which torchvision's networks were trained with. */
export const IMAGENET = {
  mean: [0.485, 0.456, 0.406],
  std: [0.229, 0.224, 0.225],
} as const satisfies NormalizeOptions;

export interface ImageToTensorOptions extends NormalizeOptions, ToChannelsOptions {
  /** Channels of the tensor. Default: those of the picture. */
  readonly channels?: 1 | 3 | 4;
}

/**
 * A picture as a tensor `[C, H, W]` of 0–1, normalized where `mean` and `std` say so; `stack` makes a batch of several.
 *
 *     y[c, i, j] = (pixel[i, j, c] / 255 − mean[c]) / std[c]
 *
 * @throws ArgumentError for data that does not fit width and height, a mean that is not finite or a std that is not
 *   positive; ShapeError for a number of means or stds other than the channels'.
 * Source: https://pytorch.org/vision/stable/generated/torchvision.transforms.ToTensor.html
 * @example
 * const x = imageToTensor(await decodeImage(bytes), { channels: 3, ...IMAGENET }); // [3, 480, 640]
 */
export function imageToTensor(pixels: Pixels, options: ImageToTensorOptions = {}): Tensor {
  const who = "imageToTensor";
  const defaults = { channels: channelsOf(who, pixels), background: WHITE, mean: 0, std: 1 };
  const { channels, background, ...statistics } = readOptions(who, options, defaults);
  const { width, height, data } = changeChannels(who, pixels, channels, { background });
  const area = width * height;
  const planes = new Uint8Array(channels * area);
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) planes[c * area + i] = data[i * channels + c] ?? 0;
  }
  return imagesToTensor({ shape: [1, channels, height, width], data: planes }, statistics).withShape([
    channels,
    height,
    width,
  ]);
}

/**
 * The picture of a tensor `[H, W]` or `[C, H, W]` with 1, 3 or 4 channels of 0–1: times 255, rounded (halves to even),
 * clamped to 0–255; NaN becomes 0. The inverse of {@link imageToTensor} without normalization.
 *
 * @throws ShapeError for another shape, ArgumentError for no tensor.
 * @example
 * await writeFile("out.png", await encodePng(tensorToImage(autoencoder.forward(x).slice(0))));
 */
export function tensorToImage(tensor: Tensor): Pixels {
  checkTensor("tensorToImage", tensor);
  const { shape, data: values } = tensor;
  const [channels, height, width] = shape.length === 2 ? [1, ...shape] : shape;
  if (shape.length > 3 || height === undefined || width === undefined || !isChannels(channels) || tensor.size === 0) {
    throw new ShapeError(
      `tensorToImage expects [H, W] or [C, H, W] with 1, 3 or 4 channels, but got ${showShape(shape)}. Usual cause: a batch: take one picture of it.`,
    );
  }
  const result = blank("tensorToImage", width, height, channels);
  // Its conversion rounds halves to even, clamps, and takes NaN for 0.
  const data = new Uint8ClampedArray(result.data.buffer);
  const area = width * height;
  for (let c = 0; c < channels; c++) {
    for (let i = 0; i < area; i++) data[i * channels + c] = (values[c * area + i] ?? 0) * 255;
  }
  return result;
}

function isChannels(channels: number | undefined): channels is 1 | 3 | 4 {
  return channels === 1 || channels === 3 || channels === 4;
}
