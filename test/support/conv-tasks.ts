/** Convolutions by the parts of their tasks. */
import type { Direction } from "../../src/kernels/conv.js";
import type { Simd } from "../../src/kernels/wasm/assembler/simd.js";
import type { ConvAlgorithm, ConvOperands } from "../../src/kernels/wasm/conv/algorithm.js";
import { algorithmOf } from "../../src/kernels/wasm/conv.js";
import type { Task } from "../../src/kernels/wasm/task.js";
import type { ConvGeometry } from "../../src/shape/conv.js";

/** The tasks of the chosen algorithm, or of what takes its place for these numbers. */
export function tasksOf(
  simd: Simd,
  direction: Direction,
  g: ConvGeometry,
  operands: ConvOperands,
  algorithm: ConvAlgorithm = algorithmOf(g, direction),
): readonly Task[] {
  return algorithm[direction](simd, g, operands) ?? tasksOf(simd, direction, g, operands, algorithm.otherwise);
}
