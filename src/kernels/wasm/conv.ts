/**
 * Convolution by the algorithm that its shape asks for, or its option. Adding one takes a file that exports its record
 * (conv/algorithm.ts) and a line in the list.
 */
import type { ConvGeometry } from "../../shape/conv.js";
import type { ConvKernels, Direction } from "../conv.js";
import type { Simd } from "./assembler/simd.js";
import type { ConvAlgorithm, ConvOperands } from "./conv/algorithm.js";
import { chwn } from "./conv/chwn.js";
import { im2col } from "./conv/im2col.js";
import { sliding } from "./conv/sliding.js";
import { winograd } from "./conv/winograd.js";
import { winogradRows } from "./conv/winograd-rows.js";
import { NO_STEPS } from "./elementwise/epilogue.js";
import * as gemm from "./gemm/kernels.js";
import { addressesOf } from "./memory.js";
import { runAll } from "./task.js";

/** They are asked in this order whether they pay. The last one computes everything. */
const ALGORITHMS: readonly ConvAlgorithm[] = [sliding, winogradRows, winograd, chwn, im2col];

/** What computes a convolution, unless the numbers rule it out. */
export function algorithmOf(g: ConvGeometry, direction: Direction): ConvAlgorithm {
  const able = ALGORITHMS.filter((algorithm) => algorithm.fits(g, direction));
  const pays = (algorithm: ConvAlgorithm) => algorithm.pays(g, direction);
  const chosen = able.filter(({ option }) => option === g.algorithm);
  return chosen.find(pays) ?? chosen[0] ?? able.find(pays) ?? im2col;
}

/** Lengths are asked before `place`, which may make the memory grow, and detach the arrays. */
export function wasmConv(simd: Simd): ConvKernels {
  return {
    forward(g, x, weight, bias, y, epilogue) {
      if (y.length === 0) return;
      const { length } = y;
      const { norm, sum } = epilogue ?? {};
      const [xAt, weightAt, biasAt, yAt, ...others] = addressesOf(x, weight, bias, y, norm?.weight, norm?.bias, sum);
      const algorithm = algorithmOf(g, "forward");
      let steps = epilogue ? epilogue.kernels.wasm.stepsOf(epilogue, g.outChannels, yAt, others) : NO_STEPS;
      // An algorithm that takes the place of this one needs the sum, which this one may have overwritten.
      if (algorithm.otherwise) steps = gemm.keepSum(steps, yAt, length);
      const operands = { x: xAt, weight: weightAt, bias: biasAt, y: yAt, epilogue: steps };
      compute(simd, "forward", g, operands, algorithm);
    },

    inputGradient(g, dy, weight, dx) {
      if (dx.length === 0) return;
      const [dyAt, weightAt, dxAt] = addressesOf(dy, weight, dx);
      compute(simd, "inputGradient", g, { x: dxAt, weight: weightAt, bias: 0, y: dyAt, epilogue: NO_STEPS });
    },

    weightGradient(g, x, dy, dweight) {
      if (dy.length === 0) return;
      const [xAt, dyAt, dweightAt] = addressesOf(x, dy, dweight);
      compute(simd, "weightGradient", g, { x: xAt, weight: dweightAt, bias: 0, y: dyAt, epilogue: NO_STEPS });
    },
  };
}

/**
 * Runs the chosen algorithm. Where it must not compute these numbers, or finds afterwards that it should not have, the one
 * that takes its place runs.
 */
function compute(
  simd: Simd,
  direction: Direction,
  g: ConvGeometry,
  operands: ConvOperands,
  chosen = algorithmOf(g, direction),
): void {
  for (let algorithm: ConvAlgorithm | undefined = chosen; algorithm; algorithm = algorithm.otherwise) {
    const tasks = algorithm[direction](simd, g, operands);
    if (!tasks) continue;
    for (const task of tasks) runAll(task);
    if (tasks.every((task) => task.isFinite !== false)) return;
  }
}
