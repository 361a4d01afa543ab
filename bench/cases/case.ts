export interface Case {
  /** What `npm run bench -- WORD` looks for; the first word is the family: `"conv vgg5 forward"`. */
  readonly name: string;
  /** The sizes, for the table. */
  readonly work: string;
  /** Floating-point operations of one run, a multiply-add counted as two; 0 where the memory is what limits. */
  readonly flops: number;
  /** Bytes that one run reads and writes, where the memory is what limits. */
  readonly bytes?: number;
  /** Draws the numbers and returns what is timed; it runs on whatever backend is set when it is called. */
  readonly setUp: () => () => unknown;
  /** Too slow for the reference backend to be waited for. */
  readonly wasmOnly?: true;
}
