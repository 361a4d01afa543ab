/**
 * The two flavours of SIMD that kernels are generated in: `"relaxed"` fuses a·b + c where the machine can; `"simd"` gives
 * the same bits on every machine.
 */
export type Flavour = "relaxed" | "simd";
