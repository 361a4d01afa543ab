/** Builds this library's layer from the name and arguments of a torch.nn module. */

import type { Layer } from "../../src/graph/layer.js";
import * as faltung from "../../src/index.js";

/** Arguments that are positional here, in order; every other one goes into the options, in camelCase. */
const POSITIONAL: Record<string, readonly string[]> = {
  Conv2d: ["in_channels", "out_channels", "kernel_size"],
  Conv1d: ["in_channels", "out_channels", "kernel_size"],
  ConvTranspose2d: ["in_channels", "out_channels", "kernel_size"],
  MaxPool2d: ["kernel_size"],
  AvgPool2d: ["kernel_size"],
  AdaptiveAvgPool2d: ["output_size"],
  AdaptiveMaxPool2d: ["output_size"],
  Linear: ["in_features", "out_features"],
  Unflatten: ["dim", "unflattened_size"],
  BatchNorm1d: ["num_features"],
  BatchNorm2d: ["num_features"],
  InstanceNorm2d: ["num_features"],
  LayerNorm: ["normalized_shape"],
  GroupNorm: ["num_groups", "num_channels"],
  LocalResponseNorm: ["size"],
  Dropout: ["p"],
  Dropout2d: ["p"],
  LeakyReLU: ["negative_slope"],
  ELU: ["alpha"],
  PReLU: ["num_parameters"],
  Softmax: ["dim"],
  LogSoftmax: ["dim"],
  ZeroPad2d: ["padding"],
  PixelShuffle: ["upscale_factor"],
  Hardshrink: ["lambd"],
  Softshrink: ["lambd"],
};

const camelCase = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

export type TorchArguments = Readonly<Record<string, unknown>>;

export function camelCaseOptions(args: TorchArguments): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).map(([key, value]) => [camelCase(key), value]));
}

/** The class of this library with a torch module's name; undefined where there is none. */
export function build(module: string, args: TorchArguments): Layer {
  const Class = (faltung as unknown as Record<string, new (...args: unknown[]) => Layer>)[module];
  if (!Class) throw new Error(`faltung exports no ${module}`);
  const positional = POSITIONAL[module] ?? [];
  const options = camelCaseOptions(
    Object.fromEntries(Object.entries(args).filter(([key]) => !positional.includes(key))),
  );
  const values = positional.map((key) => args[key]);
  return Object.keys(options).length > 0 ? new Class(...values, options) : new Class(...values);
}
