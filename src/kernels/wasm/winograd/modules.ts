/** The kernels, compiled when first asked for. */
import { type Kernel, ModuleBuilder } from "../assembler/module.js";
import { isShared, memory } from "../memory.js";
import { filterKernel } from "./filter.js";
import { inputKernel } from "./input.js";
import { outputKernel } from "./output.js";
import { productKernel } from "./product.js";
import type { Variant } from "./variant.js";

const compiled = new Map<string, Kernel>();

/** A module of its own for every kernel: browsers compile small ones at once. */
function kernel(name: string, variant: Variant, option: boolean, write: (builder: ModuleBuilder) => void): Kernel {
  const key = `${name} ${variant.size} ${variant.flavour} ${variant.rows} ${option}`;
  let found = compiled.get(key);
  if (!found) {
    const builder = new ModuleBuilder({ shared: isShared() });
    write(builder);
    found = builder.instantiate<string>(memory())[name]!;
    compiled.set(key, found);
  }
  return found;
}

export function filterOf(variant: Variant, turned: boolean): Kernel {
  return kernel("filter", variant, turned, (builder) => filterKernel(builder, variant, turned));
}

export function kernelsOf(variant: Variant, relu: boolean): Record<"input" | "multiply" | "output", Kernel> {
  return {
    input: kernel("input", variant, false, (builder) => inputKernel(builder, variant)),
    multiply: kernel("multiply", variant, false, (builder) => productKernel(builder, variant)),
    output: kernel("output", variant, relu, (builder) => outputKernel(builder, variant, relu)),
  };
}
