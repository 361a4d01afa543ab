/** The kernels, compiled when first asked for. */
import type { Body, Kernel, ModuleBuilder } from "../assembler/module.js";
import { compile } from "../elementwise/compile.js";
import { filterKernel, type Taps } from "./filter.js";
import { filterGradientKernel } from "./filter-gradient.js";
import { outputKernel } from "./output.js";
import { productKernel } from "./product.js";
import { stripKernel } from "./strip.js";
import type { Variant } from "./variant.js";

const compiled = new Map<string, Kernel>();

/** A module of its own for every kernel: browsers compile small ones at once. `option`: what else it depends on. */
function kernel(name: string, variant: Variant, option: string, write: (builder: ModuleBuilder) => Body): Kernel {
  const key = `${name} ${variant.points} ${variant.simd} ${variant.rows} ${option}`;
  const found = compiled.get(key) ?? compile(write);
  compiled.set(key, found);
  return found;
}

export function filterOf(variant: Variant, kind: Taps): Kernel {
  return kernel("filter", variant, `${variant.taps} ${kind}`, (builder) => filterKernel(builder, variant, kind));
}

export function inputOf(variant: Variant): Kernel {
  return kernel("input", variant, "", () => stripKernel(variant, "input"));
}

export function outputGradientOf(variant: Variant): Kernel {
  return kernel("outputGradient", variant, `${variant.taps}`, () => stripKernel(variant, "outputGradient"));
}

export function multiplyOf(variant: Variant): Kernel {
  return kernel("multiply", variant, "", (builder) => productKernel(builder, variant));
}

export function outputOf(variant: Variant, steps: number): Kernel {
  return kernel("output", variant, `${variant.taps} ${steps}`, (builder) => outputKernel(builder, variant, steps));
}

export function filterGradientOf(variant: Variant): Kernel {
  return kernel("filterGradient", variant, `${variant.taps}`, () => filterGradientKernel(variant));
}
