/** Every optimizer, with options that use everything it remembers: tests that hold for all of them go through these. */
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  type Optimizer,
  type Parameters,
  RAdam,
  RMSprop,
  Rprop,
  SGD,
} from "../../src/train.js";

export type MakeOptimizer = (parameters: Parameters, options?: object) => Optimizer;

export const OPTIMIZERS: readonly (readonly [name: string, make: MakeOptimizer])[] = [
  ["SGD", (p, o) => new SGD(p, { lr: 0.05, ...o })],
  ["SGD with momentum", (p, o) => new SGD(p, { lr: 0.05, momentum: 0.9, dampening: 0.1, weightDecay: 0.01, ...o })],
  ["SGD with nesterov", (p, o) => new SGD(p, { lr: 0.05, momentum: 0.8, nesterov: true, ...o })],
  ["Adam", (p, o) => new Adam(p, { lr: 0.05, weightDecay: 0.01, ...o })],
  ["Adam with amsgrad", (p, o) => new Adam(p, { lr: 0.05, amsgrad: true, ...o })],
  ["AdamW", (p, o) => new AdamW(p, { lr: 0.05, ...o })],
  ["Adamax", (p, o) => new Adamax(p, { lr: 0.05, ...o })],
  ["RAdam", (p, o) => new RAdam(p, { lr: 0.05, ...o })],
  ["RAdam with decoupled decay", (p, o) => new RAdam(p, { lr: 0.05, weightDecay: 0.01, decoupledWeightDecay: true, ...o })], // biome-ignore format: one line
  ["RMSprop", (p, o) => new RMSprop(p, { lr: 0.01, ...o })],
  ["RMSprop with momentum", (p, o) => new RMSprop(p, { lr: 0.005, momentum: 0.5, ...o })],
  ["RMSprop with everything", (p, o) => new RMSprop(p, { lr: 0.005, momentum: 0.5, centered: true, ...o })],
  ["Adagrad", (p, o) => new Adagrad(p, { lr: 0.3, lrDecay: 0.01, initialAccumulatorValue: 0.1, ...o })],
  ["Adadelta", (p, o) => new Adadelta(p, { lr: 1, eps: 1e-3, ...o })],
  ["Rprop", (p, o) => new Rprop(p, { lr: 0.05, ...o })],
];
