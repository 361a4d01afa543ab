/** The product of operands that are not packed, but read where they lie. */
import { advance, forRange } from "../assembler/control.js";
import type { Flavour } from "../assembler/flavour.js";
import type { ModuleBuilder } from "../assembler/module.js";
import { productFunction, productOperands } from "./multiply.js";

/** Writes the kernel `multiplyInPlace`: some products, whose operands lie `aLine`, `bLine` and `cLine` bytes apart. */
export function inPlaceKernel(builder: ModuleBuilder, flavour: Flavour): void {
  const product = productFunction(builder, flavour, "inPlace");
  builder.kernel(
    "multiplyInPlace",
    { ...productOperands, lines: "i32", aLine: "i32", bLine: "i32", cLine: "i32" },
    ({ lines, aLine, bLine, cLine, ...line }) =>
      forRange(0, lines, 1, () => {
        product(line);
        advance(line.a, aLine);
        advance(line.b, bLine);
        advance(line.c, cLine);
      }),
  );
}
