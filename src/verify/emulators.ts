/** What images can be run on. */
import { bochs } from "./bochs.js";
import type { Emulator, EmulatorName } from "./emulator.js";
import type { Image } from "./image.js";
import { qemu } from "./qemu.js";

export const emulators: Readonly<Record<EmulatorName, Emulator>> = { qemu, bochs };

/** The same image, to be run on another. */
export function runOn(image: Image, emulator: EmulatorName): Image {
  return { ...image, emulator };
}
