/** `faltung/testing`: check the gradients of layers of your own. */
export { type GradcheckEntry, type GradcheckOptions, type GradcheckReport, gradcheck } from "./layers/gradcheck.js";
