/** Kernels that are generated and compiled on their first call, one small module each, so that a program pays for what it runs. */
import { type Kernel, ModuleBuilder } from "../assembler/module.js";
import { isShared, memory } from "../memory.js";

/** The exported function `run` of the module that `write` writes; always the same one. */
export function lazy(write: (builder: ModuleBuilder) => void): () => Kernel {
  let kernel: Kernel | undefined;
  return () => {
    if (!kernel) {
      const builder = new ModuleBuilder({ shared: isShared() });
      write(builder);
      kernel = builder.instantiate<"run">(memory()).run;
    }
    return kernel;
  };
}
