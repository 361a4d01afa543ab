export { Conv2d } from "./layers/conv2d.js";
export { gradcheck } from "./layers/gradcheck.js";
export { Layer } from "./layers/layer.js";
export { Parameter } from "./layers/parameter.js";
export { Tensor } from "./tensor/tensor.js";
