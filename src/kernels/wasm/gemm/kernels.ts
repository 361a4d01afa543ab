/** The matrix product and what packs its operands, compiled on first use. */
import type { Flavour } from "../assembler/flavour.js";
import { type Kernel, ModuleBuilder } from "../assembler/module.js";
import { isShared, memory } from "../memory.js";
import { multiplyKernel } from "./multiply.js";
import { addTransposedKernel, copyKernel, gatherKernel, transposeKernel } from "./pack.js";
import { patchesKernel, spreadKernel } from "./patches.js";

export type GemmKernels = Record<
  "multiply" | "patches" | "spread" | "transpose" | "copy" | "gather" | "addTransposed",
  Kernel
>;

const compiled = new Map<Flavour, GemmKernels>();

export function gemmKernels(flavour: Flavour): GemmKernels {
  let kernels = compiled.get(flavour);
  if (!kernels) {
    const builder = new ModuleBuilder({ shared: isShared() });
    multiplyKernel(builder, flavour);
    patchesKernel(builder, flavour);
    spreadKernel(builder);
    transposeKernel(builder, flavour);
    copyKernel(builder);
    gatherKernel(builder);
    addTransposedKernel(builder);
    kernels = builder.instantiate<keyof GemmKernels>(memory());
    compiled.set(flavour, kernels);
  }
  return kernels;
}
