/** Random machines and scripts from a printed seed. */
import type { Machine, ScriptEntry, SimulatorModule } from "./specs.js";

/** A generator of unsigned 32-bit numbers (splitmix32). */
export type Random = () => number;

export function randomFrom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x21f0aaad);
    z = Math.imul(z ^ (z >>> 15), 0x735a2d97);
    return (z ^ (z >>> 15)) >>> 0;
  };
}

export const word64 = (random: Random): bigint => (BigInt(random()) << 32n) | BigInt(random());

const pick = <T>(random: Random, choices: readonly T[]): T => choices[random() % choices.length] as T;

/** A machine at the label of an exit: any register and memory values, a frame that often is one that can be returned to. */
export function randomMachine(module: SimulatorModule, random: Random): Machine {
  const machine = new module.Machine();
  for (let i = 0; i < machine.words.length; i++) machine.words[i] = random();
  const { frame, register, system } = module;
  machine.set(register.rsp as number, 0xffffc90000003f58n);
  machine.set(register.rbx as number, BigInt(random() % 2));
  machine.set(system.rflags as number, pick(random, [2n, 2n, 2n, 0x202n, 0x4002n]));
  machine.set(system.star as number, 0x0023001000000000n);
  machine.vendor = pick(random, ["intel", "amd"]);
  const user = random() % 4 !== 0;
  const field = (names: readonly string[], value: bigint): void => {
    for (const name of names) if (frame[name] !== undefined) machine.set(frame[name], value);
  };
  const rip = pick(random, [0x401000n, 0x7fff_ffff_efffn, 0x7fff_ffff_f000n, 0x8000_0000_0000n, 0xffff_ffff_8100_0000n, word64(random)]);
  const rflags = pick(random, [0x246n, 0x246n, 0x246n, 0x346n, 0x10246n, word64(random)]);
  field(["ip", "rip", "tf_rip"], rip);
  field(["flags", "rflags", "tf_rflags"], rflags);
  field(["cs", "tf_cs"], pick(random, user ? [0x33n, 0x33n, 0x33n, 0x23n] : [0x10n]));
  field(["ss", "tf_ss"], pick(random, user ? [0x2bn, 0x2bn, 0x2bn, 7n] : [0x18n, 0n]));
  if (random() % 3 > 0) {
    field(["cx"], rip);
    field(["r11"], rflags);
  }
  // One flag in four, so that each guard goes both ways.
  for (const index of Object.values(module.flags)) machine.set(index, BigInt(random() & random()));
  for (const index of Object.values(module.value ?? {})) machine.set(index, BigInt(random() % 2));
  return machine;
}

export function randomScript(module: SimulatorModule, random: Random): ScriptEntry[] {
  const words = Object.keys(module.flags);
  const bits = (): Record<string, number> => Object.fromEntries(words.map((name) => [name, (random() & random() & random()) >>> 0]));
  const fields = Object.keys(module.frame);
  return Array.from({ length: random() % 10 }, () => ({
    ...(random() % 2 ? { set: bits() } : {}),
    ...(random() % 2 ? { async: bits() } : {}),
    ...(random() % 4 === 0 ? { frame: { [pick(random, fields)]: word64(random) } } : {}),
  }));
}
