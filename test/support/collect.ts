/** Lets the collector take what nobody holds any more, and the library know of it: only between tasks does it learn. */
export async function collected(): Promise<void> {
  for (let i = 0; i < 2; i++) {
    // Tests run with --expose-gc.
    (globalThis as { gc?: () => void }).gc?.();
    await new Promise((resolve) => setTimeout(resolve));
  }
}
