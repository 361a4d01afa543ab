/** Networks whose inferences are measured, and what their memory has to be by their plans. */
import type { Module, Plan } from "../../src/graph/module.js";
import { Planned } from "../../src/graph/planned.js";
import type { Network, Shape } from "../../src/index.js";
import { DenseNet } from "../../src/models/densenet.js";
import { UNet } from "../../src/models/unet.js";
import { VGG } from "../../src/models/vgg.js";
import { sizeOf } from "../../src/shape/shape.js";
import { ConstantRandom } from "./models.js";

/** Small, so that no activation of a deep network is infinite. */
const random = new ConstantRandom(1, 0.01);

export const INFERENCES: Readonly<Record<string, { readonly input: Shape; make(): Network }>> = {
  "VGG-16": { input: [1, 3, 224, 224], make: () => new VGG(16, { random }) as Network },
  "U-Net": { input: [1, 1, 256, 256], make: () => new UNet({ random }) as Network },
  "DenseNet-121": { input: [1, 3, 224, 224], make: () => new DenseNet({ random }) as Network },
};

/** An inference's plan, with the shapes of its values. */
export function inferenceOf(model: Network, input: Shape): { readonly plan: Plan; readonly shapes: readonly Shape[] } {
  const planned = new Planned(model as unknown as Module, 1);
  return { plan: planned.plan(false), shapes: planned.shapes([input]) as readonly Shape[] };
}

/**
 * Bytes of an inference: of all values once, and of those that are alive at a time, at most. A value is alive from its
 * step to its last reader's, that step included; what is a view of another or takes its place takes none of its own.
 */
export function bytesOf({ plan, shapes }: ReturnType<typeof inferenceOf>): {
  readonly outputs: number;
  readonly cut: number;
} {
  const bytes = (value: number) => 4 * sizeOf(shapes[value] ?? []);
  /** Where a value lies: the values that share a place. */
  const places: number[] = [];
  const holders = new Map<number, number>();
  let [outputs, alive, cut] = [0, 0, 0];
  const hold = (value: number, place: number) => {
    places[value] = place;
    if (!holders.has(place)) alive += bytes(place);
    holders.set(place, (holders.get(place) ?? 0) + 1);
  };
  for (let value = 0; value < plan.inputs; value++) {
    outputs += bytes(value);
    hold(value, value);
  }
  for (const { module, operation, inputs, outputs: own, epilogue, overwrites, ends } of plan.steps) {
    for (const value of own) {
      const isView = operation?.isView || module?.name === "Flatten" || module?.name === "Dropout";
      const shared = epilogue?.inPlace ? epilogue.sum : isView || overwrites ? inputs[0] : undefined;
      hold(value, shared === undefined ? value : (places[shared] as number));
      if (shared === undefined) outputs += bytes(value);
    }
    cut = Math.max(cut, alive);
    for (const value of ends) {
      const place = places[value] as number;
      const left = (holders.get(place) ?? 0) - 1;
      if (left > 0) holders.set(place, left);
      else {
        holders.delete(place);
        alive -= bytes(place);
      }
    }
  }
  return { outputs, cut };
}
