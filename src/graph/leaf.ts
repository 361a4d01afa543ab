/** What runs where an outermost call's layer computes by itself: no plan, one step. */
import { engine } from "../tensor/engine.js";
import { checkComputed, checkedGradient, explained } from "./execute.js";
import type { Module, Program } from "./module.js";
import { severalInputs } from "./plan.js";
import { ifKnown, shapeAfter } from "./shapes.js";

export function leafProgram(layer: Module, inputs: number): Program {
  if (inputs !== 1) throw severalInputs(layer.name, inputs);
  return {
    isCurrent: (inputs) => inputs === 1,

    trains: () => layer.modules().some(({ training }) => training),

    shapes: ([x = []]) => [x, ifKnown(() => shapeAfter(layer, x, true))],

    forward([x], _, [, expected] = []) {
      if (!x) throw severalInputs(layer.name, 0);
      const step = engine().steps++;
      const y = atStep(layer, step, () => layer.run(x, {}));
      checkComputed(layer.name, y, expected);
      const { shape } = x;
      return {
        outputs: [y],
        backward([dy], inputGradient) {
          const isNeeded = inputGradient || layer.parameters().some(({ requiresGrad }) => requiresGrad);
          if (!dy || !isNeeded) return [undefined];
          const dx = atStep(layer, step, () => layer.runBackward(dy, inputGradient));
          return [inputGradient ? checkedGradient(layer.name, dx, shape) : undefined];
        },
      };
    },
  };
}

function atStep<T>(layer: Module, step: number, action: () => T): T {
  const state = engine();
  const { step: outer, running } = state;
  state.step = step;
  state.running = layer;
  try {
    return action();
  } catch (error) {
    throw explained(layer.name, error);
  } finally {
    state.step = outer;
    state.running = running;
  }
}
