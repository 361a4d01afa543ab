/**
 * Which implementation of the kernels runs. A kernel family is a record with one complete object a backend,
 * so that a kernel that a backend lacks is a compile error, and importing one family does not bundle the others.
 */
import { engine } from "../tensor/engine.js";
import type { DType } from "../tensor/tensor.js";

export type BackendName = "reference";

/** One kernel family: its implementation by every backend. */
export type Backends<Kernels> = Readonly<Record<BackendName, Kernels>>;

/** The family's implementation for tensors of this precision; double precision always runs on the reference. */
export function kernelsFor<Kernels>(family: Backends<Kernels>, dtype: DType): Kernels {
  return family[dtype === "float64" ? "reference" : backend()];
}

/** Name of the backend that float32 tensors run on. */
export function backend(): BackendName {
  return (engine().backend as BackendName | undefined) ?? "reference";
}
