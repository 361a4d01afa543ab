/** The code of docs/models.md, block by block, so that it compiles; test/docs/models.test.ts runs it. */
import { readFile } from "node:fs/promises";
import { readSafetensors } from "faltung/io";
import { ResNet } from "faltung/models";

const bytes = await readFile("resnet18.safetensors");
const model = new ResNet(18);
model.loadStateDict(readSafetensors(bytes));
model.eval();

const { "fc.weight": _weight, "fc.bias": _bias, ...backbone } = readSafetensors(bytes);
const finetuned = new ResNet(18, { numClasses: 5 });
finetuned.loadStateDict(backbone, { strict: false });

export { finetuned, model };
