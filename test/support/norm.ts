/** What the tests of the normalizing layers share: the definition, element by element, and statistics to look at. */
import type { Parameter } from "../../src/graph/parameter.js";
import { type Shape, stridesOf } from "../../src/shape/shape.js";
import { Random } from "../../src/tensor/random.js";
import { Tensor } from "../../src/tensor/tensor.js";

/** Says by an element's place along each dimension which group it is in; elements of equal answers share statistics. */
export type GroupOf = (place: readonly number[]) => string | number;

function positionOf(index: number, shape: Shape): number[] {
  return stridesOf(shape).map((stride, dim) => Math.floor(index / stride) % shape[dim]!);
}

export interface GroupStatistics {
  readonly count: number;
  readonly mean: number;
  /** Biased: the sum of squared deviations divided by the count. */
  readonly variance: number;
}

/** Mean and variance of every group, by the two sums of their definition. */
export function statisticsOf(x: Tensor, groupOf: GroupOf): Map<string | number, GroupStatistics> {
  const members = new Map<string | number, number[]>();
  x.data.forEach((value, i) => {
    const group = groupOf(positionOf(i, x.shape));
    members.set(group, [...(members.get(group) ?? []), value]);
  });
  return new Map(
    [...members].map(([group, values]) => {
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
      return [group, { count: values.length, mean, variance }];
    }),
  );
}

/** y = (x − mean) / √(variance + eps) · weight + bias, where `channelOf` says which weight an element has. */
export function normalizeNaively(
  x: Tensor,
  groupOf: GroupOf,
  statistics: ReadonlyMap<string | number, { readonly mean: number; readonly variance: number }>,
  eps: number,
  channelOf: (place: readonly number[]) => number = () => 0,
  weight: ArrayLike<number> = [1],
  bias: ArrayLike<number> = [0],
): Tensor {
  const y = x.data.map((value, i) => {
    const place = positionOf(i, x.shape);
    const { mean, variance } = statistics.get(groupOf(place))!;
    const channel = channelOf(place);
    return ((value - mean) / Math.sqrt(variance + eps)) * (weight[channel] ?? 1) + (bias[channel] ?? 0);
  });
  return new Tensor(y, x.shape);
}

/** Numbers from ½ to 1½, so that no weight is 0 and no running variance negative. */
export function fillPositive(tensors: readonly (Parameter | { value: Tensor } | undefined)[], seed: number): void {
  const random = new Random(seed);
  for (const tensor of tensors) {
    if (!tensor) continue;
    const { data } = tensor.value;
    for (let i = 0; i < data.length; i++) data[i] = random.uniform(0.5, 1.5);
  }
}
