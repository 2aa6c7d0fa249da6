/** The rule of a whole file. `parse.ts` is the way in. */
import { EOF, type IToken } from "chevrotain";
import type { Source } from "../text/source.js";
import type { ErrorSink } from "./error-sink.js";
import { describeToken, startsOf } from "./expectations.js";
import { useKeptAnalysis } from "./kept-analysis.js";
import type { Rule } from "./parser-base.js";
import { DeclarationParser } from "./parser-declarations.js";
import * as t from "./tokens.js";
import type { Comment, Declaration, Import, IntegerLiteral, SpecFile } from "./tree.js";

const { keyword } = t;

let learnedParser: SpecParser | undefined;

function learned(): SpecParser {
  learnedParser ??= new SpecParser("learned");
  return learnedParser;
}

export class SpecParser extends DeclarationParser {
  private edition: IntegerLiteral | undefined;
  private imports: Import[] = [];
  private declarations: Declaration[] = [];

  /**
   * @param analysis where the parser has its grammar from: "kept" starts at once; "learned" runs all rules first, which is what the
   * kept one is made from and held to; "validated" has Chevrotain check the grammar, too
   */
  constructor(private readonly analysis: "kept" | "learned" | "validated" = "kept") {
    super(analysis !== "validated");
    if (analysis === "kept") useKeptAnalysis(this);
    else this.performSelfAnalysis();
  }

  /** The grammar as productions, which only errors and tools ask for. */
  override getGAstProductions(): ReturnType<DeclarationParser["getGAstProductions"]> {
    return this.analysis === "kept" ? learned().getGAstProductions() : super.getGAstProductions();
  }

  override computeContentAssist(rule: string, context: IToken[]): ReturnType<DeclarationParser["computeContentAssist"]> {
    return this.analysis === "kept" ? learned().computeContentAssist(rule, context) : super.computeContentAssist(rule, context);
  }

  /** Tokens to a tree; errors go to `sink`. The tree holds what could be read whole. */
  read(source: Source, tokens: IToken[], comments: readonly Comment[], sink: ErrorSink): SpecFile {
    this.edition = undefined;
    this.imports = [];
    this.declarations = [];
    this.resumedAt = -1;
    this.begin(source, tokens, comments, sink);
    this.file();
    const { edition, imports, declarations } = this;
    return { start: 0, end: source.text.length, edition, imports, declarations, comments };
  }

  readonly file: Rule<void> = this.RULE("file", (): void => {
    do {
      this.OPTION(() => this.readOutermost("edition", () => this.keepEdition(this.SUBRULE(this.editionLine))));
      this.MANY(() => this.readOutermost("import", () => this.imports.push(this.SUBRULE(this.import))));
      this.MANY2(() => this.readOutermost("declaration", () => this.declarations.push(this.SUBRULE(this.declaration))));
    } while (this.resumeFile());
  });

  /** A method, because the parser's recording must meet the rule, whatever was kept before. */
  private keepEdition(edition: IntegerLiteral): void {
    this.edition ??= edition;
  }

  readonly editionLine: Rule<IntegerLiteral> = this.RULE("edition", (): IntegerLiteral => {
    this.CONSUME(keyword.edition);
    return this.integer(this.CONSUME(t.Integer));
  });

  readonly import: Rule<Import> = this.RULE("import", (): Import => {
    const { startOffset } = this.CONSUME(keyword.import);
    const path = this.string(this.CONSUME(t.Text));
    return { start: startOffset, end: path.end, path };
  });

  private readOutermost(unit: string, take: () => void): void {
    const first = this.LA(1);
    try {
      take();
    } catch (error) {
      this.recover(error, unit, first, 0);
    }
  }

  /** Where no declaration starts. */
  private resumeFile(): boolean {
    const token = this.LA(1);
    if (this.RECORDING_PHASE || token.tokenType === EOF) return false;
    if (token.tokenType === keyword.edition || token.tokenType === keyword.import) {
      const word = token.image;
      const what =
        word === "edition" && this.imports.length + this.declarations.length === 0 ? "everything else, and only once" : "all declarations";
      this.reportAt(token, "EX1007", { word, what }, { help: "the order is: edition, imports, declarations" });
    } else if (token.tokenType === t.RightBrace) {
      this.reportAt(token, "EX1006", {}, { help: "remove it, or look further up for a block that ends too early" });
      this.skip("declaration", this.indexOf(token));
    } else {
      this.replaceOrSkip("declaration", startsOf(this, "declaration").keywords, "EX1002", { found: describeToken(token) });
    }
    return true;
  }
}
