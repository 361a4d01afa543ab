import { Conv2d, Tensor } from "faltung";

const conv = new Conv2d(1, 2, 3, { padding: 1 });
const y = conv.forward(new Tensor(new Float32Array(16), [1, 1, 4, 4]));
console.log(`Conv2d gives [${y.shape.join(", ")}]`);
