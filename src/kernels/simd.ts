/**
 * The two kinds of SIMD that kernels are generated in: `"relaxed"` fuses a·b + c where the machine can; `"plain"` gives
 * the same bits on every machine.
 */
export type Simd = "relaxed" | "plain";
