/** Kernels that are generated and compiled on their first call, one small module each, so that a program pays for what it runs. */
import type { Type } from "../assembler/expression.js";
import { type Body, type Kernel, ModuleBuilder } from "../assembler/module.js";
import { isShared, memory } from "../memory.js";

/**
 * A kernel for each list of options, compiled when it is first asked for. `write` writes the functions that it calls, and
 * returns its body; `types` are those of its parameters, integers without them.
 *
 *     const scale = lazy((_, by: number) => (x) => v128.store(x, f32x4.mul(v128.load(x), by)));
 *     scale(2)(offset);
 */
export function lazy<
  Options extends readonly (string | number | boolean)[],
  const T extends readonly Type[] = readonly "i32"[],
>(write: (builder: ModuleBuilder, ...options: Options) => Body<T>, types?: T): (...options: Options) => Kernel {
  const compiled = new Map<unknown, Kernel>();
  return (...options) => {
    const key = options.length > 1 ? options.join() : options[0];
    let kernel = compiled.get(key);
    if (!kernel) {
      kernel = compile((builder) => write(builder, ...options), types);
      compiled.set(key, kernel);
    }
    return kernel;
  };
}

/** The kernel whose body `write` returns, in a module of its own. */
export function compile<const T extends readonly Type[] = readonly "i32"[]>(
  write: (builder: ModuleBuilder) => Body<T>,
  types?: T,
): Kernel {
  const builder = new ModuleBuilder({ shared: isShared() });
  builder.kernel("run", write(builder), types);
  return builder.instantiate<"run">(memory()).run;
}
