/** What the compiler knows of tensors' own operations; `npm run typecheck` runs it. */
import {
  asDynamic,
  concat,
  eye,
  fromTypedArray,
  full,
  ones,
  rand,
  randn,
  type Shape,
  stack,
  type Tensor,
  tensor,
  zeros,
} from "faltung";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

declare function expects<S extends Shape>(): <T extends Shape>(
  tensor: Tensor<T> & (Same<T, Readonly<S>> extends true ? unknown : "another shape"),
) => void;

declare const count: number;
declare const list: number[];
declare const unknownShape: Tensor;
const x = zeros([2, 3, 4]);

export function creation(): void {
  expects<[2, 3]>()(ones([2, 3]));
  expects<[2, 3]>()(full([2, 3], 7));
  expects<[2, 3]>()(rand([2, 3]));
  expects<[2, 3]>()(randn([2, 3]));
  expects<[3, 3]>()(eye(3));
  expects<[2, 3]>()(tensor([1, 2, 3, 4, 5, 6], [2, 3]));
  expects<[2, 3]>()(tensor([[1, 2, 3], [4, 5, 6]])); // biome-ignore format: a matrix
  expects<[2]>()(fromTypedArray(new Float32Array(2), [2]));
  expects<[number, 3]>()(zeros([count, 3]));
  expects<Shape>()(zeros(list));
}

export function shapes(): void {
  expects<[6, 4]>()(x.reshape([6, 4]));
  expects<[2, 12]>()(x.reshape([2, -1]));
  expects<[24]>()(x.flatten());
  expects<[2, 12]>()(x.flatten(1));
  expects<[1, 2, 3, 4]>()(x.unsqueeze(0));
  expects<[4, 3, 2]>()(x.transpose(0, 2));
  expects<[4, 2, 3]>()(x.permute([2, 0, 1]));
  expects<[2, 3, 4]>()(x.clone());
  expects<[2, 3, 4]>()(x.exp());
  expects<[4, 3, 4]>()(concat([x, x], 0));
  expects<[2, 2, 3, 4]>()(stack([x, x], 0));
  expects<Shape>()(unknownShape.reshape(list));
  // @ts-expect-error 24 elements are not 25
  x.reshape([5, 5]);
  // @ts-expect-error the other sizes differ
  concat([x, zeros([2, 5, 4])], 0);
}

export function arithmetic(): void {
  expects<[2, 3, 4]>()(x.add(1));
  expects<[2, 3, 4]>()(x.mul(zeros([4])));
  expects<[2, 3, 4]>()(x.sub(zeros([3, 1])));
  expects<[2, 5]>()(zeros([2, 3]).matmul(zeros([3, 5])));
  expects<[7, 2, 5]>()(zeros([7, 2, 3]).matmul(zeros([3, 5])));
  expects<Shape>()(x.add(unknownShape));
  // @ts-expect-error 4 and 5 do not broadcast
  x.add(zeros([5]));
  // @ts-expect-error the inner sizes 3 and 4 differ
  zeros([2, 3]).matmul(zeros([4, 5]));
}

export function reductions(): void {
  expects<[]>()(x.sum());
  expects<[2, 4]>()(x.mean(1));
  expects<[2, 3]>()(x.max(-1));
  expects<[2, 1, 4]>()(x.sum(1, { keepDims: true }));
  // @ts-expect-error there is no dim 3
  x.sum(3);
}

export function dynamic(): void {
  expects<Shape>()(asDynamic(x));
  const any: Tensor = x;
  const batch: Tensor<readonly [number, number, number]> = x;
  expects<Shape>()(any.sum(count));
  expects<[number, number, number]>()(batch.add(1));
}
