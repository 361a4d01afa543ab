/** Kernels of Softmax and LogSoftmax along the middle axis of x (outer, size, inner); every line of it is one distribution. */
import type { AxisGeometry } from "../../shape/axis.js";
import type { Operand } from "../../tensor/storage.js";

export interface SoftmaxKernels<A = Operand> {
  /** y[k] = e^(x[k] − m) / Σⱼ e^(x[j] − m) with m = max x. Overwrites y. */
  forward(g: AxisGeometry, x: A, y: A): void;
  /** dx[k] = y[k] · (dy[k] − Σⱼ dy[j] · y[j]). Overwrites dx. */
  backward(g: AxisGeometry, y: A, dy: A, dx: A): void;
  /** y[k] = x[k] − m − log Σⱼ e^(x[j] − m) with m = max x. Overwrites y. */
  logForward(g: AxisGeometry, x: A, y: A): void;
  /** dx[k] = dy[k] − e^y[k] · Σⱼ dy[j]. Overwrites dx. */
  logBackward(g: AxisGeometry, y: A, dy: A, dx: A): void;
}
