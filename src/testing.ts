/** `faltung/testing`: check the gradients of layers of your own. */

// Types that are exported there can then be named by declarations of a program that imports only this entry.
export type {} from "./index.js";
export { type GradcheckEntry, type GradcheckOptions, type GradcheckReport, gradcheck } from "./layers/gradcheck.js";
