/** Mutants that no layer can find, each with the reason why nobody could. */

export interface Equivalent {
  readonly example: string;
  readonly language: "assembly" | "C";
  readonly operator: string;
  /** As `Mutant.story` has it. */
  readonly story: string;
  readonly because: string;
}

export const equivalentMutants: readonly Equivalent[] = [
  {
    example: "freebsd-ast",
    language: "assembly",
    operator: "double",
    story: "jmp doreti_exit",
    because: "no way leads to the second: it stands behind an unconditional jump, and has no label",
  },
];

export function equivalence(mutant: Omit<Equivalent, "because">): string | undefined {
  return equivalentMutants.find(
    (e) => e.example === mutant.example && e.language === mutant.language && e.operator === mutant.operator && e.story === mutant.story,
  )?.because;
}
