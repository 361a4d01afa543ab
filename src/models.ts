/** `faltung/models`: networks that are only layers put together. */
export { LeNet5, type LeNet5Options } from "./models/lenet5.js";
export { TinyYOLOv2, type TinyYOLOv2Options } from "./models/tiny-yolo.js";
export { UNet, type UNetOptions } from "./models/unet.js";
