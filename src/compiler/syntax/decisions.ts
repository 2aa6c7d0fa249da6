/**
 * Made by `npm run grammar` from the parser's rules: the tokens that each optional or repeated part may start with, and each of
 * the alternatives of a choice, by the keys that Chevrotain gives them.
 */
import type { Decision } from "./lookahead.js";

export const decisions: Readonly<Record<Decision["kind"], Readonly<Record<number, string>>>> = {
  option: {
    1050112: "Word", // names
    1054208: "Word", // flagSet
    1058304: "Word", // path
    1062400: "Word", // paths
    1065472: "EXCEPT", // setting
    1065728: "Identifier", // setting
    1070592: "Word", // settings
    1073664: "OR", // target
    1073666: "OR", // target
    1078016: "NOT", // expression
    1078018: "BECAUSE", // expression
    1078784: "NOT Word Integer Minus LeftParenthesis", // expression
    1082112: "NOT", // plainExpression
    1082880: "NOT Word Integer Minus LeftParenthesis", // plainExpression
    1090304: "RUN DO IRQS READ TAKE CLEAR REPEAT WHEN EVALUATE RESTORE WINDOW WAIVE ASSUME JUMP Identifier", // block
    1094144: "EXCEPT", // statement
    1098240: "BECAUSE", // reason
    1102592: "ELSE", // when
    1110528: "WHEN", // terminal
    1110530: "AT", // terminal
    1110531: "ON", // terminal
    1167872: "Comma", // originClause
    1172224: "Comma", // frameClause
    1180160: "WHEN", // guardClause
    1188352: "Word", // callClause
    1192960: "Text", // asmClause
    1197568: "SLEEP FAULT RETURN REWRITE SET", // mayClause
    1229312: "LeftBrace", // feature
    1229568: "CONFIG CPU EXCLUDES NEEDS", // feature
    1233664: "IF", // constant
    1237504: "IN", // state
    1241856: "Word", // flags
    1245696: "ASYNC", // flag
    1257984: "Comma", // frame
    1257986: "USER", // frame
    1258240: "Comma", // frame
    1262080: "SAVES", // field
    1266432: "ORIGIN ARRIVES STARTS FRAME LOSES ABOVE TOKEN", // event
    1274624: "ONE_SHOT ONCE FINAL ALWAYS CALL REQUIRES GIVEN ENSURES CLEARS MAY CLOBBERS TOUCHES", // work
    1278720: "ASM SAVES RESTORES CALL REQUIRES GIVEN ENSURES CLEARS MAY CLOBBERS TOUCHES", // step
    1282560: "IF", // presence
    1286656: "FROM", // require
    1286658: "WHEN", // require
    1295104: "RUN DO IRQS READ TAKE CLEAR REPEAT WHEN EVALUATE RESTORE WINDOW WAIVE ASSUME JUMP Identifier", // tail
    1295106: "REQUIRES", // tail
    1303296: "WAIVE PREPARE LEAVE", // exit
    1311232: "RETURNS", // prepare
    1323520: "EDITION", // file
    1323776: "IMPORT", // file
    1323778: "FEATURE CONSTANT STATE FLAGS MASK VALUE FRAME EVENT CONDITION WORK STEP REQUIRE ASSUME TAIL ENTRY EXIT", // file
  },
  choice: {
    1073408: "USER|KERNEL", // target
    1085696: "Word|Integer|Minus|LeftParenthesis", // operand
    1093888: "RUN|DO|IRQS|READ|TAKE|CLEAR|REPEAT|WHEN|EVALUATE|RESTORE|WINDOW|WAIVE|ASSUME|JUMP|Identifier", // statement
    1093890: "ON|OFF", // statement
    1102080: "IF|LeftBrace", // when
    1167616: "ANY|Identifier", // originClause
    1171712: "COMPLETE|PARTIAL", // frameClause
    1179904: "ONE_SHOT|ONCE|FINAL|ALWAYS", // guardClause
    1200384: "SLEEP|FAULT|RETURN|REWRITE|SET", // effect
    1212672: "CONFIG|CPU|EXCLUDES|NEEDS", // featureClause
    1216768: "ORIGIN|ARRIVES|STARTS|FRAME|LOSES|ABOVE|TOKEN", // eventClause
    1220864: "ONE_SHOT ONCE FINAL ALWAYS|CALL|REQUIRES|GIVEN|ENSURES|CLEARS|MAY|CLOBBERS|TOUCHES", // workClause
    1224960: "ASM|SAVES|RESTORES|CALL|REQUIRES|GIVEN|ENSURES|CLEARS|MAY|CLOBBERS|TOUCHES", // stepClause
    1286400: "USER|KERNEL|INTERRUPTS", // require
    1306880: "WAIVE|PREPARE|LEAVE", // exitPart
    1319168: "FEATURE|CONSTANT|STATE|FLAGS|MASK|VALUE|FRAME|EVENT|CONDITION|WORK|STEP|REQUIRE|ASSUME|TAIL|ENTRY|EXIT", // declaration
  },
  gated: {
    1106176: "Identifier|Word", // waive
  },
};
