/** Runs straight pieces of user-mode assembly on this machine's processor: what the simulator says of an instruction is held to it. */
import { execFileSync, spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generalRegisters } from "../../src/compiler/machine/instruction.js";

/** Where the piece's stack is mapped, and how long it is; RSP starts at its middle. */
export const stackBase = 0x2000_1000_0000n;
export const stackWords = 64;
export const startWord = 32;
/** Words of data, `data0(%rip)` and so on. */
export const dataWords = 4;

/** Words of one case: the registers in the encoding's order, the stack from its base, the data. */
export const caseWords = generalRegisters.length + stackWords + dataWords;

/**
 * Runs piece `i` on each of its cases.
 * @param pieces assembly lines
 * @param cases for each piece its cases, each `caseWords` words
 * @returns the same after the run
 */
export function runNatively(pieces: readonly (readonly string[])[], cases: readonly (readonly BigUint64Array[])[]): BigUint64Array[][] {
  const folder = mkdtempSync(join(tmpdir(), "exitdsl-native-"));
  try {
    writeFileSync(join(folder, "pieces.s"), assembly(pieces));
    writeFileSync(join(folder, "main.c"), program(pieces.length, cases[0]?.length ?? 0));
    const input = new BigUint64Array(cases.flat().flatMap((words) => [...words]));
    writeFileSync(join(folder, "in"), new Uint8Array(input.buffer));
    const { error, status, stderr } = spawnSync("gcc", ["-O1", "-no-pie", "-o", "pieces", "main.c", "pieces.s"], {
      cwd: folder,
      encoding: "utf8",
    });
    if (error) throw new Error("gcc is not installed: apt-get install gcc");
    if (status !== 0) throw new Error(stderr);
    execFileSync(join(folder, "pieces"), [], { cwd: folder });
    const bytes = readFileSync(join(folder, "out"));
    const output = new BigUint64Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / 8);
    const perPiece = cases[0]?.length ?? 0;
    return cases.map((list, i) => list.map((_, k) => output.slice((i * perPiece + k) * caseWords, (i * perPiece + k + 1) * caseWords)));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Loads and stores relative to RIP change no register and no flag. */
function assembly(pieces: readonly (readonly string[])[]): string {
  const registers = generalRegisters.map((name, i) => ({ name, place: `state+${8 * i}(%rip)` }));
  const saved = ["rbx", "rbp", "r12", "r13", "r14", "r15"];
  const lines = [".bss", ".balign 64", `.globl state`, `state: .skip ${8 * generalRegisters.length}`, "kept: .skip 8"];
  for (let i = 0; i < dataWords; i++) lines.push(`.globl data${i}`, `data${i}: .skip 8`);
  lines.push(".text");
  pieces.forEach((piece, i) => {
    lines.push(`.globl piece${i}`, `piece${i}:`, ...saved.map((r) => `pushq %${r}`), "movq %rsp, kept(%rip)");
    lines.push(...registers.map(({ name, place }) => `movq ${place}, %${name}`), ...piece);
    lines.push(...registers.map(({ name, place }) => `movq %${name}, ${place}`), "movq kept(%rip), %rsp", "cld");
    lines.push(...saved.toReversed().map((r) => `popq %${r}`), "ret");
  });
  lines.push('.section .note.GNU-stack, "", @progbits');
  return `${lines.join("\n")}\n`;
}

function program(pieces: number, cases: number): string {
  const names = Array.from({ length: pieces }, (_, i) => `piece${i}`);
  return `
#define _GNU_SOURCE
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#define REGISTERS ${generalRegisters.length}
#define STACK ${stackWords}
#define DATA ${dataWords}
extern uint64_t state[REGISTERS], ${Array.from({ length: dataWords }, (_, i) => `data${i}`).join(", ")};
${names.map((n) => `void ${n}(void);`).join("\n")}
static void (*const pieces[])(void) = { ${names.join(", ")} };
int main(void)
{
	uint64_t *data[] = { ${Array.from({ length: dataWords }, (_, i) => `&data${i}`).join(", ")} };
	uint64_t *stack = mmap((void *)0x${stackBase.toString(16)}, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	FILE *in = fopen("in", "rb"), *out = fopen("out", "wb");
	if (stack == MAP_FAILED || !in || !out)
		return 1;
	for (int i = 0; i < ${pieces * cases}; i++) {
		uint64_t words[REGISTERS + STACK + DATA];
		if (fread(words, sizeof words, 1, in) != 1)
			return 2;
		memcpy(state, words, sizeof state);
		memcpy(stack, words + REGISTERS, STACK * 8);
		for (int d = 0; d < DATA; d++)
			*data[d] = words[REGISTERS + STACK + d];
		pieces[i / ${cases}]();
		memcpy(words, state, sizeof state);
		memcpy(words + REGISTERS, stack, STACK * 8);
		for (int d = 0; d < DATA; d++)
			words[REGISTERS + STACK + d] = *data[d];
		fwrite(words, sizeof words, 1, out);
	}
	return fclose(out);
}
`;
}
