/** Sizes with a name: what `compose` says of an input whose sizes are known only where it is called. */
import type { IsUnion } from "./arithmetic.js";
import { ShapeError } from "./errors.js";
import { type Shape, showShape } from "./shape.js";

/** The key under which a size's name stands; it exists for the compiler only. */
export declare const NAME: unique symbol;

/**
 * A number that is not known, but always the same one where it has this name: `Size<"N">`. Rules pass it through, and
 * equal names broadcast to themselves; what is computed with it is a `number`.
 */
export type Size<Name extends string = string> = number & { readonly [NAME]: Name };

/** One size of an input as it is written: a number, or a name for any size. */
export type NamedSize = number | string;

/** The shape that is written `["N", 64, "H", "W"]`. */
export type Named<Sizes extends readonly NamedSize[]> = {
  readonly [I in keyof Sizes]: Sizes[I] extends string ? (string extends Sizes[I] ? number : Size<Sizes[I]>) : Sizes[I];
} extends infer S extends Shape
  ? S
  : Shape;

/** `N` where it is a size of one name, otherwise `number`. */
export type OneName<N> = 0 extends 1 & N
  ? number
  : [N] extends [Size]
    ? IsUnion<N> extends true
      ? number
      : N
    : number;

/** `X` where it has a name, otherwise `Y`. */
export type OrName<X, Y> = number extends OneName<X> ? Y : X;

/**
 * Holds the shapes of inputs to those that were written down for them, of which a name is any size, and everywhere the
 * same one.
 * @throws ShapeError for another shape, or for one name that would be two sizes.
 */
export function checkNamed(
  who: string,
  expected: readonly (readonly NamedSize[])[],
  shapes: readonly Shape[],
): Map<string, number> {
  const sizes = new Map<string, number>();
  for (const [input, shape] of shapes.entries()) {
    const pattern = expected[input] ?? [];
    const other = () => {
      const isSwapped = shapes.some((each) => fits(pattern, each));
      return new ShapeError(
        `${who} expects an input [${pattern.join(", ")}], but got ${showShape(shape)}. Usual cause: ${isSwapped ? "inputs in another order" : "data of another size than planned"}, or a missing batch dimension.`,
      );
    };
    if (pattern.length !== shape.length) throw other();
    for (const [dim, size] of shape.entries()) {
      const name = pattern[dim] ?? size;
      const known = typeof name === "number" ? name : (sizes.get(name) ?? size);
      if (typeof name === "string") sizes.set(name, known);
      if (known === size) continue;
      throw typeof name === "number"
        ? other()
        : new ShapeError(
            `${who} expects one size for ${name}, but got ${known} and ${size} (input ${showShape(shape)}). Usual cause: inputs of different batches, or an image that is not square.`,
          );
    }
  }
  return sizes;
}

/** Whether a shape is as written, whatever sizes its names are. */
function fits(pattern: readonly NamedSize[], shape: Shape): boolean {
  return (
    pattern.length === shape.length && pattern.every((size, dim) => typeof size === "string" || size === shape[dim])
  );
}
