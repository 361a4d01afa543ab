/** What the processor and the memory give at most. */
export interface Roofline {
  /** Floating-point operations a second. */
  readonly peak: number;
  /** Bytes a second that are read from memory. */
  readonly bandwidth: number;
}
