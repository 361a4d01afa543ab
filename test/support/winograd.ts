/** The Winograd kernels of one number of points and kind of SIMD on arrays in the engine's memory, without a choice or a guard around them. */
import type { Simd } from "../../src/kernels/wasm/assembler/simd.js";
import { problemOf, tasksOf } from "../../src/kernels/wasm/conv/winograd.js";
import { NO_STEPS, STEP } from "../../src/kernels/wasm/elementwise/epilogue.js";
import { at } from "../../src/kernels/wasm/memory.js";
import { runAll } from "../../src/kernels/wasm/task.js";
import type { Convolution } from "../../src/kernels/wasm/winograd/convolve.js";
import { winogradWeights } from "../../src/kernels/wasm/winograd/differentiate.js";
import { forwardProblem, planOf } from "../../src/kernels/wasm/winograd/plan.js";
import type { Points } from "../../src/kernels/wasm/winograd/variant.js";
import type { ConvGeometry } from "../../src/shape/conv.js";

interface Options {
  readonly from?: number;
  readonly to?: number;
  readonly relu?: boolean;
}

type WinogradPass = "forward" | "inputGradient";

export class Winograd {
  constructor(
    private readonly simd: Simd,
    private readonly points: Points,
  ) {}

  plan(g: ConvGeometry, pass: WinogradPass) {
    return planOf(problemOf(g, pass), this.points, this.simd);
  }

  /** Runs a pass and tells whether all that was computed is finite. */
  run(
    g: ConvGeometry,
    pass: WinogradPass,
    x: Float32Array,
    weight: Float32Array,
    bias: Float32Array | undefined,
    y: Float32Array,
    { relu = false, ...range }: Options = {},
  ): boolean {
    const plan = this.plan(g, pass);
    const { from = 0, to = plan.tiles } = range;
    const places = { x: at(x), weight: at(weight), bias: bias ? at(bias) : 0, y: at(y) };
    const tasks = tasksOf(plan, g, { ...places, epilogue: { ...NO_STEPS, steps: relu ? STEP.relu : 0 } });
    const convolution = tasks.pop() as Convolution;
    for (const task of tasks) runAll(task);
    if (from < to) convolution.tiles(from, to);
    return convolution.isFinite;
  }

  weightGradient(
    g: ConvGeometry,
    x: Float32Array,
    dy: Float32Array,
    dweight: Float32Array,
    { from = 0, to = g.outChannels }: Options = {},
  ): void {
    const operands = { x: at(x), dy: at(dy), dweight: at(dweight) };
    winogradWeights(forwardProblem(g), this.simd, operands).filters(from, to);
  }
}
