/** `faltung/models`: networks that are only layers put together. */
export { LeNet5, type LeNet5Options } from "./models/lenet5.js";
