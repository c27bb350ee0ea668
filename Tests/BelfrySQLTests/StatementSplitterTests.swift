import BelfrySQL
import Testing

/// Where statements end, whatever they say.
@Suite struct StatementSplitterTests {
    static let complete: [(String, Bool)] = [
        ("SELECT 1;", true), ("SELECT 1", false), ("", false), ("  ", false), (";", true),
        ("SELECT ';'", false), ("SELECT ';';", true), ("SELECT 'it''s;", false),
        ("SELECT 'it''s';", true), (#"SELECT E'\';"#, false), (#"SELECT E'\';';"#, true),
        (#"SELECT E'a''\'b';"#, true), ("SELECT \";\"", false), ("SELECT $$;$$", false),
        ("SELECT $a$;$$;$a$;", true), ("SELECT $1;", true), ("SELECT 1 -- ;", false),
        ("SELECT 1; -- done", true), ("SELECT 1; /* done */", true), ("SELECT 1; /* open", false),
        ("SELECT 1 /* ; /* ; */ */", false), ("SELECT 1; SELECT 2", false),
        ("SELECT 1;\nSELECT 2;\n", true), ("nonsense # here;", true), ("SELECT type'x;", false),
    ]

    @Test(arguments: complete)
    func completeness(_ pair: (String, Bool)) {
        #expect(StatementSplitter.isComplete(pair.0) == pair.1)
    }

    @Test func piecesOfText() {
        var splitter = StatementSplitter()
        splitter.append("SELECT 'a")
        #expect(splitter.next() == nil)
        splitter.append(";b'; INSERT")
        #expect(splitter.next() == "SELECT 'a;b';")
        #expect(splitter.next() == nil)
        splitter.append(" x;;")
        #expect(splitter.next() == " INSERT x;")
        #expect(splitter.next() == ";")
        #expect(splitter.next() == nil)
        #expect(splitter.rest == "")
    }
}
