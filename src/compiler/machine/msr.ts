/** Model-specific registers that exit paths touch, by the number that RDMSR and WRMSR take in ECX (SDM Vol. 4, chapter 2). */
export interface ModelSpecificRegister {
  readonly name: string;
  readonly number: number;
  readonly source: string;
}

export const MSR: readonly ModelSpecificRegister[] = [
  { name: "IA32_SPEC_CTRL", number: 0x48, source: "SDM Vol. 4, table 2-2; APM Vol. 2, 3.2.9" },
  { name: "IA32_PRED_CMD", number: 0x49, source: "SDM Vol. 4, table 2-2; APM Vol. 2, 3.2.9" },
  { name: "IA32_SYSENTER_CS", number: 0x174, source: "SDM Vol. 4, table 2-2" },
  { name: "IA32_SYSENTER_ESP", number: 0x175, source: "SDM Vol. 4, table 2-2" },
  { name: "IA32_SYSENTER_EIP", number: 0x176, source: "SDM Vol. 4, table 2-2" },
  { name: "IA32_FRED_RSP0", number: 0x1cc, source: "Intel FRED specification, 4.3" },
  { name: "IA32_EFER", number: 0xc0000080, source: "SDM Vol. 4, table 2-2; APM Vol. 2, 3.1.7" },
  { name: "IA32_STAR", number: 0xc0000081, source: "SDM Vol. 4, table 2-2; APM Vol. 2, 6.1.1" },
  { name: "IA32_LSTAR", number: 0xc0000082, source: "SDM Vol. 4, table 2-2; APM Vol. 2, 6.1.1" },
  { name: "IA32_CSTAR", number: 0xc0000083, source: "APM Vol. 2, 6.1.1" },
  { name: "IA32_FMASK", number: 0xc0000084, source: "SDM Vol. 4, table 2-2; APM Vol. 2, 6.1.1" },
  { name: "IA32_FS_BASE", number: 0xc0000100, source: "SDM Vol. 4, table 2-2" },
  { name: "IA32_GS_BASE", number: 0xc0000101, source: "SDM Vol. 4, table 2-2" },
  { name: "IA32_KERNEL_GS_BASE", number: 0xc0000102, source: "SDM Vol. 4, table 2-2" },
  { name: "IA32_TSC_AUX", number: 0xc0000103, source: "SDM Vol. 4, table 2-2" },
];

const byNumber = new Map(MSR.map((msr) => [msr.number, msr]));

/** The register that a number (the value of ECX) names; undefined when exit paths have no business with it. */
export function msrNumbered(number: number): ModelSpecificRegister | undefined {
  return byNumber.get(number);
}
