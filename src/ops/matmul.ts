/** Products of vectors, matrices and batches of matrices, and their adjoints. */
import { type KernelSet, run } from "../kernels/backend.js";
import type { MatmulKernels, Products } from "../kernels/matmul.js";
import { referenceMatmul } from "../kernels/reference/matmul.js";
import { wasmMatmul } from "../kernels/wasm/matmul.js";
import { type MatmulGeometry, matmulGeometry } from "../shape/broadcast.js";
import { type Shape, sizeOf, stridesOf } from "../shape/shape.js";
import { broadcastStrides } from "../tensor/loops.js";
import { allocateUnset, type Tensor } from "../tensor/tensor.js";
import type { Gradients, Wanted } from "./arithmetic.js";
import { full } from "./layout.js";

const matmulKernels: KernelSet<MatmulKernels> = { reference: referenceMatmul, wasm: wasmMatmul };

/** y[…, i, j] = Σₚ a[…, i, p] · b[…, p, j], where leading dimensions broadcast, and a vector is a row on the left, a column on the right. */
export function matmul(a: Tensor, b: Tensor): Tensor {
  const g = batchesOf(matmulGeometry("matmul", a.shape, b.shape));
  return product(g.m, g.k, g.n, a, false, g.left, b, false, g.right, g.shape, g.all);
}

/** da = dy · bᵀ, db = aᵀ · dy; of matrices that several products share, added up product by product */
export function matmulBackward(dy: Tensor, a: Tensor, b: Tensor, [wantsA, wantsB]: Wanted): Gradients {
  const g = batchesOf(matmulGeometry("matmul", a.shape, b.shape));
  return [
    wantsA ? product(g.m, g.n, g.k, dy, false, g.all, b, true, g.right, a.shape, g.left) : undefined,
    wantsB ? product(g.k, g.m, g.n, a, true, g.left, dy, false, g.all, b.shape, g.right) : undefined,
  ];
}

/** Which matrix of a, of b and of the result each product of the batch is about. */
interface Batches extends MatmulGeometry {
  readonly left: ArrayLike<number>;
  readonly right: ArrayLike<number>;
  readonly all: ArrayLike<number>;
}

function batchesOf(g: MatmulGeometry): Batches {
  // The rows of all of a's matrices are those of one, where there is one b.
  if (sizeOf(g.rightBatch) === 1) return { ...g, m: sizeOf(g.leftBatch) * g.m, left: [0], right: [0], all: [0] };
  const numbers = (own: Shape) => matrixNumbers(broadcastStrides(own, g.batch), g.batch);
  return { ...g, left: numbers(g.leftBatch), right: numbers(g.rightBatch), all: numbers(g.batch) };
}

/** Σ iₐ·stridesₐ for every index i of the batch in row-major order. */
function matrixNumbers(strides: readonly number[], batch: Shape): number[] {
  const dense = stridesOf(batch);
  const number = (i: number) =>
    batch.reduce((at, size, dim) => at + (strides[dim] ?? 0) * (Math.floor(i / (dense[dim] ?? 1)) % size), 0);
  return Array.from({ length: sizeOf(batch) }, (_, i) => number(i));
}

function product(
  rows: number,
  depth: number,
  columns: number,
  a: Tensor,
  aTransposed: boolean,
  as: ArrayLike<number>,
  b: Tensor,
  bTransposed: boolean,
  bs: ArrayLike<number>,
  shape: Shape,
  cs: ArrayLike<number>,
): Tensor {
  // A sum of nothing, or one for each of several products.
  const add = depth === 0 || cs.length * rows * columns !== sizeOf(shape);
  const c = add ? full(shape, a.dtype, 0) : allocateUnset(shape, a.dtype);
  if (depth === 0 || cs.length === 0) return c;
  const g: Products = { rows, depth, columns, aTransposed, bTransposed, as, bs, cs, add };
  run(matmulKernels, [a, b, c], (kernels, a, b, c) => kernels.multiply(g, a, b, c));
  return c;
}
