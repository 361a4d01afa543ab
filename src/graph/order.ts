/** A pass over plans: a ReLU runs after the max pooling that it stands before. */
import { isRelu } from "./epilogue.js";
import type { Plan, Step } from "./module.js";
import { activationOf, readersOf } from "./plan.js";

/**
 * max(relu(x)) = relu(max(x)), and so are the gradients, bit for bit; but the ReLU looks at fewer numbers, twice. For
 * forwards whose backward follows; at inference the ReLU costs nothing.
 */
export function rectifyAfterPooling(plan: Plan): Plan {
  const readers = readersOf(plan);
  const steps = [...plan.steps];
  let { values } = plan;
  for (const relu of plan.steps) {
    const [between] = relu.outputs;
    if (between === undefined || !isRelu(activationOf(relu))) continue;
    const [reader, ...others] = readers[between] ?? [];
    const pooling = reader === undefined ? undefined : plan.steps[reader];
    if (!pooling?.module?.traits.givesMaxima || others.length > 0) continue;
    const pooled = values++;
    const first: Step = { ...pooling, inputs: relu.inputs, outputs: [pooled] };
    const second: Step = { ...relu, inputs: [pooled], outputs: pooling.outputs };
    steps.splice(steps.indexOf(relu), 1);
    steps.splice(steps.indexOf(pooling), 1, first, second);
  }
  return { ...plan, steps, values };
}
