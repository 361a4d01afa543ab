import type { StateDict } from "../../graph/layer.js";
import { isPlainObject, refuse } from "../../shape/check.js";
import { full, zeros } from "../../tensor/create.js";
import type { Tensor } from "../../tensor/tensor.js";
import { checkTensor } from "../../tensor/tensor.js";

/** What BatchNorm2d adds to the variance. */
const EPS = 1e-5;

/**
 * The state of TinyFaceDetector, FaceLandmarks or FaceRecognition from the tensors that face-api publishes for it: with
 * this library's names, and with TensorFlow's order of dimensions turned into torch's. A frozen scale becomes a batch norm
 * with mean 0 and variance 1.
 *
 * @param tensors what `readWeightsManifest` of `faltung/io` gives. Nothing is checked here: `loadStateDict` names the keys
 *   and shapes that do not fit.
 * @example
 * const tensors = await readWeightsManifest(manifest, (path) => readFile(join(folder, path)));
 * const detector = new TinyFaceDetector().eval();
 * detector.loadStateDict(faceStateDict(tensors));
 */
export function faceStateDict(tensors: Readonly<Record<string, Tensor>>): StateDict {
  const state: StateDict = {};
  if (!isPlainObject(tensors)) {
    refuse(
      "faceStateDict",
      "tensors",
      "an object of tensors by their names",
      tensors,
      "a missing await before readWeightsManifest",
    );
  }
  for (const [path, tensor] of Object.entries(tensors)) {
    checkTensor("faceStateDict", tensor);
    const parts = path.split("/");
    const kind = parts.pop() ?? "";
    const key = (...more: string[]) => [...parts, ...more].join(".");
    const ordered = (order: readonly number[]) =>
      tensor.shape.length === order.length ? tensor.permute(order) : tensor;
    switch (kind) {
      case "filters":
        state[key("weight")] = ordered([3, 2, 0, 1]);
        break;
      case "depthwise_filter":
        state[key("depthwise", "weight")] = ordered([2, 3, 0, 1]);
        break;
      case "pointwise_filter":
        state[key("pointwise", "weight")] = ordered([3, 2, 0, 1]);
        break;
      case "bias":
        state[Object.hasOwn(tensors, `${parts.join("/")}/pointwise_filter`) ? key("pointwise", kind) : key(kind)] =
          tensor;
        break;
      case "fc":
        state["fc.weight"] = ordered([1, 0]);
        break;
      case "weights":
        if (parts.at(-1) === "scale") {
          state[key("running_mean")] = zeros(tensor.shape);
          state[key("running_var")] = full(tensor.shape, 1 - EPS);
          state[key("num_batches_tracked")] = zeros([]);
        }
        // A scale has one dimension, so that only the matrix of a Linear is transposed.
        state[key("weight")] = ordered([1, 0]);
        break;
      case "biases":
        state[key("bias")] = tensor;
        break;
      default:
        state[key(kind)] = tensor;
    }
  }
  return state;
}
