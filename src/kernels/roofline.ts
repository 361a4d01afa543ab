/** What the processor and the memory give at most. */
export interface Roofline {
  /** Floating-point operations per second. */
  readonly peak: number;
  /** Bytes per second that are read from memory. */
  readonly bandwidth: number;
}
