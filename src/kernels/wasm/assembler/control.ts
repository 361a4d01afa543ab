/** Blocks, loops, branches. */
import { unsigned } from "./encoding.js";
import { body, type Expr, type Local, local, type Operand, operand, statement, type Type } from "./expression.js";
import * as i32 from "./i32.js";
import { select } from "./instructions.js";

/** Where a branch goes: after a block, or back to the start of a loop. */
export interface Label {
  readonly depth: number;
}

const [BLOCK, LOOP, IF, ELSE, END, BR, BR_IF, RETURN, NO_RESULT] = [2, 3, 4, 5, 0x0b, 0x0c, 0x0d, 0x0f, 0x40] as const;

/** Statements that `br(label)` leaves. */
export function block(write: (exit: Label) => void): void {
  nest([BLOCK, NO_RESULT], write);
}

/** Statements that `br(label)` repeats; without a branch they run once. */
export function loop(write: (again: Label) => void): void {
  nest([LOOP, NO_RESULT], write);
}

/** do … while (condition), which is what `write` returns. */
export function doWhile(write: () => Operand<"i32">): void {
  loop((again) => brIf(again, write()));
}

/** Runs `then` where the condition is not 0, else `otherwise`. */
export function when(condition: Operand<"i32">, then: () => void, otherwise?: () => void): void {
  statement([operand("i32", condition)], []);
  nest([IF, NO_RESULT], () => {
    then();
    if (!otherwise) return;
    body().code.push(ELSE);
    otherwise();
  });
}

export function br(label: Label): void {
  statement([], [BR, ...distance(label)]);
}

/** Branches where the condition is not 0. */
export function brIf(label: Label, condition: Operand<"i32">): void {
  statement([operand("i32", condition)], [BR_IF, ...distance(label)]);
}

/** Leaves the function, with its result if it has one. */
export function ret(value?: Expr<Type>): void {
  statement(value ? [value] : [], [RETURN]);
}

/** Adds to a variable. */
export function advance(variable: Local<"i32">, by: Operand<"i32">): void {
  variable.set(i32.add(variable, by));
}

/**
 * for (i = from; i < to; i += step), compared as unsigned integers, so that addresses above 2 GiB count as well.
 * `to` and `step` are evaluated in every round.
 */
export function forRange(
  from: Operand<"i32">,
  to: Operand<"i32">,
  step: Operand<"i32">,
  write: (i: Local<"i32">) => void,
): void {
  const i = local(from);
  whileTrue(i32.ltU(i, to), () => {
    write(i);
    advance(i, step);
  });
}

/** while (condition), which is evaluated before every round. */
export function whileTrue(condition: Operand<"i32">, write: () => void): void {
  when(condition, () =>
    doWhile(() => {
      write();
      return condition;
    }),
  );
}

/** Runs `write` as often as `count` says, which is not 0. */
export function repeat(count: Operand<"i32">, write: () => void): void {
  const left = local(count);
  doWhile(() => {
    write();
    advance(left, -1);
    return left;
  });
}

/** The smaller one of unsigned integers, each of which is evaluated twice. */
export function min(a: Expr<"i32">, b: Expr<"i32">): Expr<"i32"> {
  return select(i32.ltU(a, b), a, b);
}

function nest(opcode: readonly number[], write: (label: Label) => void): void {
  const open = body();
  open.code.push(...opcode);
  open.depth++;
  write({ depth: open.depth });
  open.depth--;
  open.code.push(END);
}

function distance(label: Label): number[] {
  return unsigned(body().depth - label.depth);
}
