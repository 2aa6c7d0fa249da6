/** The part of `railroad-diagrams` that is used here; the package has no types of its own. */
declare module "railroad-diagrams" {
  interface Shape {
    toString(): string;
  }
  type Item = Shape | string;
  interface DiagramShape extends Shape {
    readonly attrs: { readonly width: number; readonly height: number };
    format(top: number, right: number, bottom: number, left: number): DiagramShape;
  }
  const library: {
    Diagram: ((...items: Item[]) => DiagramShape) & { INTERNAL_ALIGNMENT: "left" | "center" | "right" };
    Sequence(...items: Item[]): Shape;
    Choice(normal: number, ...items: Item[]): Shape;
    Optional(item: Item): Shape;
    OneOrMore(item: Item, separator?: Item): Shape;
    ZeroOrMore(item: Item): Shape;
    Terminal(text: string): Shape;
    NonTerminal(text: string): Shape;
  };
  export default library;
}
