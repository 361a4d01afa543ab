import type { StateDict } from "../../layers/layer.js";
import { ShapeError } from "../../shape/errors.js";
import { showShape } from "../../shape/shape.js";
import { Tensor } from "../../tensor/tensor.js";

/** The end of a tensor's name in the files, the key that takes its place, and the order of axes that layers have. */
const KINDS: readonly (readonly [suffix: string, key: string, axes: readonly number[]])[] = [
  ["filters", "weight", [3, 2, 0, 1]],
  ["depthwise_filter", "depthwise.weight", [2, 3, 0, 1]],
  ["pointwise_filter", "pointwise.weight", [3, 2, 0, 1]],
  ["scale/weights", "scale.weight", [0]],
  ["scale/biases", "scale.bias", [0]],
  ["weights", "weight", [1, 0]],
  ["bias", "bias", [0]],
  ["fc", "fc.weight", [1, 0]],
];

/**
 * The weights of face-api's models `tiny_face_detector`, `face_landmark_68` and `face_recognition`, as
 * `readWeightsManifest` reads them, as the state of TinyFaceDetector, FaceLandmarks68 and FaceRecognition. Slashes in the
 * names become dots, and TensorFlow's axes those of the layers:
 *
 *     …/filters            [kh, kw, in, out] → …weight            [out, in, kh, kw]
 *     …/depthwise_filter   [kh, kw, C, 1]    → …depthwise.weight  [C, 1, kh, kw]
 *     …/pointwise_filter   [1, 1, in, out]   → …pointwise.weight  [out, in, 1, 1]
 *     …/bias               [out]             → …bias              [out]       (of a pointwise_filter: …pointwise.bias)
 *     …/scale/weights      [C]               → …scale.weight      [C, 1, 1, 1]
 *     …/scale/biases       [C]               → …scale.bias        [C]
 *     fc, fc/weights       [in, out]         → fc.weight          [out, in]
 *
 * Other names keep their tensors, so that `loadStateDict` says that it does not expect them.
 *
 * @throws ShapeError for a tensor that does not have as many axes as its name says.
 * @example
 * model.loadStateDict(fromFaceApi(await readWeightsManifest(manifest, (path) => readFile(join(folder, path)))));
 */
export function fromFaceApi(tensors: Readonly<Record<string, Tensor>>): StateDict {
  return Object.fromEntries(
    Object.entries(tensors).map(([name, tensor]) => {
      const kind = KINDS.find(([suffix]) => name === suffix || name.endsWith(`/${suffix}`));
      if (!kind) return [name.replaceAll("/", "."), tensor];
      const [suffix, key, axes] = kind;
      const prefix = name.slice(0, name.length - suffix.length).replaceAll("/", ".");
      if (tensor.shape.length !== axes.length) {
        throw new ShapeError(
          `fromFaceApi expects ${name} to have ${axes.length} axes, but got ${showShape(tensor.shape)}. Usual cause: the weights of another model.`,
        );
      }
      if (key === "scale.weight") return [prefix + key, new Tensor(tensor.data.slice(), [tensor.size, 1, 1, 1])];
      const separable = suffix === "bias" && Object.hasOwn(tensors, name.replace(/bias$/, "pointwise_filter"));
      return [prefix + (separable ? "pointwise.bias" : key), tensor.permute(axes)];
    }),
  );
}
