/** Convolution by whichever algorithm is the fastest for its shape: Winograd's for 3×3 at stride 1, products otherwise. */
import type { ConvGeometry } from "../../shape/conv.js";
import type { ConvKernels } from "../interface/conv.js";
import type { Flavour } from "./assembler/flavour.js";
import { wasmConv } from "./conv.js";
import { WinogradConv, winogradFits, winogradTile } from "./winograd.js";

export function wasmConvolution(flavour: Flavour): ConvKernels {
  const products = wasmConv(flavour);
  const winograd = { "4x4": new WinogradConv(flavour, "4x4"), "2x2": new WinogradConv(flavour, "2x2") };
  const fastest = (g: ConvGeometry) => {
    const tile = winogradFits(g) ? winogradTile(g) : undefined;
    return tile ? winograd[tile] : undefined;
  };
  return {
    forward: (g, x, weight, bias, y) => (fastest(g) ?? products).forward(g, x, weight, bias, y),
    inputGradient: (g, dy, weight, dx) => (fastest(g) ?? products).inputGradient(g, dy, weight, dx),
    weightGradient: products.weightGradient,
  };
}
