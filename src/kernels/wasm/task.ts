/**
 * Work that can be split: its parts are numbered, and each writes numbers of the result that no other part touches, in
 * an order of sums that does not depend on the split.
 */
export interface Task {
  readonly parts: number;
  /** Does the parts from `from` to `to` − 1. */
  run(from: number, to: number): void;
  /** False where what the parts have written does not count: NaN, infinity or an overflow has spread over its neighbors. */
  readonly isFinite?: boolean;
}

export function runAll(task: Task): void {
  task.run(0, task.parts);
}
