/**
 * Every loss, optimizer and scheduler that PyTorch computed, on every backend: values and gradients, trajectories,
 * learning rates.
 */
import { describe, expect, test } from "vitest";
import { Parameter } from "../src/graph/parameter.js";
import { Tensor } from "../src/tensor/tensor.js";
import type { Labels } from "../src/train/labels.js";
import type { Loss, ScalarReduction } from "../src/train/loss.js";
import type { Optimizer } from "../src/train/optimizer.js";
import type { Scheduler } from "../src/train/scheduler.js";
import * as train from "../src/train.js";
import { eachBackend } from "./support/backends.js";
import { decode, expectNear, readFixture, type Stored } from "./support/fixtures.js";
import { camelCaseOptions, type TorchArguments } from "./support/torch.js";

const exported = train as unknown as Record<string, new (...args: unknown[]) => unknown>;

/** The class of this library with torch's name, made of torch's arguments. */
function make<T>(name: string, args: TorchArguments, ...first: unknown[]): T {
  const Class = exported[name];
  if (!Class) throw new Error(`faltung/train exports no ${name}`);
  const decoded = Object.entries(args).map(([key, value]) => [key === "T_max" ? "t_max" : key, decodeIfTensor(value)]);
  return new Class(...first, camelCaseOptions(Object.fromEntries(decoded))) as T;
}

/** The first group's momentum, or β₁. */
const momentumOf = ({ groups: [group] }: Optimizer) => {
  const { momentum = 0, betas = [momentum] } = group as { momentum?: number; betas?: readonly number[] };
  return betas[0] ?? 0;
};

const isStored = (value: unknown): value is Stored => typeof value === "object" && value !== null && "data" in value;
const decodeIfTensor = (value: unknown) => (isStored(value) ? decode(value) : value);

eachBackend("training", () => {
  describe("PyTorch's losses", () => {
    interface LossCase {
      readonly name: string;
      readonly loss: string;
      readonly args: TorchArguments;
      readonly input: Stored;
      readonly target: Stored;
      readonly output: Stored;
      readonly grad_output: Stored;
      readonly grad_input: Stored;
    }

    for (const c of readFixture<LossCase[]>("torch_losses.json")) {
      test(c.name, () => {
        const input = decode(c.input);
        const target = c.target.dtype === "int64" ? (c.target.data as number[]) : decode(c.target);
        if (c.args.reduction === "none") {
          const loss = make<Loss<Labels, "none">>(c.loss, c.args);
          expectNear(loss.forward(input, target), decode(c.output), "output");
          expectNear(loss.backward(decode(c.grad_output)), decode(c.grad_input), "input gradient");
        } else {
          const loss = make<Loss<Labels, ScalarReduction>>(c.loss, c.args);
          const output = new Tensor(Float64Array.of(loss.forward(input, target)), []);
          expectNear(output, decode(c.output), "output");
          expectNear(loss.backward(), decode(c.grad_input), "input gradient");
        }
      });
    }
  });

  describe("PyTorch's optimizers", () => {
    interface OptimizerCase {
      readonly name: string;
      readonly optimizer: string;
      readonly args: TorchArguments;
      readonly params0: readonly [Stored, Stored];
      readonly steps: readonly {
        readonly loss: Stored;
        readonly grads: readonly [Stored, Stored];
        readonly params_after: readonly [Stored, Stored];
      }[];
      readonly final_state: Record<string, Record<string, Stored | number | null>>;
    }
    interface Problem {
      readonly X: Stored;
      readonly Y: Stored;
    }

    const [problem, ...cases] = readFixture<[Problem, ...OptimizerCase[]]>("torch_optim.json");
    const X = decode(problem.X);
    const Y = decode(problem.Y);

    for (const c of cases) {
      test(c.name, () => {
        const W = new Parameter("W", decode(c.params0[0]));
        const b = new Parameter("b", decode(c.params0[1]));
        const optimizer = make<Optimizer>(c.optimizer, c.args, [W, b]);
        const loss = new train.MSELoss();
        for (const step of c.steps) {
          optimizer.zeroGrad();
          const value = loss.forward(X.matmul(W.value).add(b.value), Y);
          expectNear(new Tensor(Float64Array.of(value), []), decode(step.loss), "loss");
          const dy = loss.backward();
          W.grad.data.set(X.transpose(0, 1).matmul(dy).data);
          b.grad.data.set(dy.sum(0).data);
          expectNear(W.grad, decode(step.grads[0]), "gradient of W");
          expectNear(b.grad, decode(step.grads[1]), "gradient of b");
          optimizer.step();
          expectNear(W.value, decode(step.params_after[0]), "W");
          expectNear(b.value, decode(step.params_after[1]), "b");
        }
        const { state } = optimizer.stateDict();
        expect(Object.keys(state)).toEqual(Object.keys(c.final_state));
        for (const [index, { step, ...tensors }] of Object.entries(state)) {
          expect(step).toBe(10);
          const { step: _, ...wanted } = c.final_state[index]!;
          const names = Object.keys(wanted).filter((name) => wanted[name] !== null);
          expect(Object.keys(tensors).sort()).toEqual(names.sort());
          for (const name of names) expectNear(tensors[name] as Tensor, decode(wanted[name] as Stored), name);
        }
      });
    }
  });
});

describe("PyTorch's schedulers, within 1e-12", () => {
  interface SchedulerCase {
    readonly name: string;
    readonly scheduler: string;
    readonly args: TorchArguments;
    readonly base_lr: number;
    readonly optimizer: string;
    readonly optimizer_args: TorchArguments;
    readonly metrics: readonly number[] | null;
    readonly lrs: readonly number[];
    readonly momentum: readonly number[];
  }

  for (const c of readFixture<SchedulerCase[]>("torch_sched.json")) {
    test(c.name, () => {
      const parameters = [new Parameter("p", new Tensor(new Float32Array(1), [1]))];
      const optimizer = make<Optimizer>(c.optimizer, { ...c.optimizer_args, lr: c.base_lr }, parameters);
      const scheduler = make<Scheduler>(c.scheduler, c.args, optimizer);
      c.lrs.forEach((lr, i) => {
        if (i > 0) scheduler.step(c.metrics?.[i - 1]);
        expect(Math.abs(optimizer.lr - lr), `rate after ${i} steps: ${optimizer.lr}, not ${lr}`).toBeLessThan(1e-12);
        const momentum = c.momentum[i] ?? 0;
        expect(Math.abs(momentumOf(optimizer) - momentum), `momentum after ${i} steps`).toBeLessThan(1e-12);
      });
    });
  }
});
