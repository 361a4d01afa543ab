/** The kernels, compiled when first asked for. */
import { type Kernel, ModuleBuilder } from "../assembler/module.js";
import { isShared, memory } from "../memory.js";
import { filterKernel, type Taps } from "./filter.js";
import { filterGradientKernel } from "./filter-gradient.js";
import { outputKernel } from "./output.js";
import { productKernel } from "./product.js";
import { stripKernel } from "./strip.js";
import type { Variant } from "./variant.js";

const compiled = new Map<string, Kernel>();

/** A module of its own for every kernel: browsers compile small ones at once. `option`: what else it depends on. */
function kernel(name: string, variant: Variant, option: string, write: (builder: ModuleBuilder) => void): Kernel {
  const key = `${name} ${variant.points} ${variant.simd} ${variant.rows} ${option}`;
  let found = compiled.get(key);
  if (!found) {
    const builder = new ModuleBuilder({ shared: isShared() });
    write(builder);
    found = builder.instantiate<string>(memory())[name]!;
    compiled.set(key, found);
  }
  return found;
}

export function filterOf(variant: Variant, kind: Taps): Kernel {
  return kernel("filter", variant, `${variant.taps} ${kind}`, (builder) => filterKernel(builder, variant, kind));
}

export function inputOf(variant: Variant): Kernel {
  return kernel("input", variant, "", (builder) => stripKernel(builder, variant, "input"));
}

export function outputGradientOf(variant: Variant): Kernel {
  return kernel("outputGradient", variant, `${variant.taps}`, (builder) =>
    stripKernel(builder, variant, "outputGradient"),
  );
}

export function multiplyOf(variant: Variant): Kernel {
  return kernel("multiply", variant, "", (builder) => productKernel(builder, variant));
}

export function outputOf(variant: Variant, steps: number): Kernel {
  return kernel("output", variant, `${variant.taps} ${steps}`, (builder) => outputKernel(builder, variant, steps));
}

export function filterGradientOf(variant: Variant): Kernel {
  return kernel("filterGradient", variant, `${variant.taps}`, (builder) => filterGradientKernel(builder, variant));
}
