/** Kernels of Softmax and LogSoftmax along the middle axis of x (outer, size, inner); every line of it is one distribution. */
import type { AxisGeometry } from "../../shape/axis.js";
import type { FloatArray } from "../../tensor/tensor.js";

export interface SoftmaxKernels {
  /** y[k] = e^(x[k] − m) / Σⱼ e^(x[j] − m) with m = max x. Overwrites y. */
  forward(g: AxisGeometry, x: FloatArray, y: FloatArray): void;
  /** dx[k] = y[k] · (dy[k] − Σⱼ dy[j] · y[j]). Overwrites dx. */
  backward(g: AxisGeometry, y: FloatArray, dy: FloatArray, dx: FloatArray): void;
  /** y[k] = x[k] − m − log Σⱼ e^(x[j] − m) with m = max x. Overwrites y. */
  logForward(g: AxisGeometry, x: FloatArray, y: FloatArray): void;
  /** dx[k] = dy[k] − e^y[k] · Σⱼ dy[j]. Overwrites dx. */
  logBackward(g: AxisGeometry, y: FloatArray, dy: FloatArray, dx: FloatArray): void;
}
