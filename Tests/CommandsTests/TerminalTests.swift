import MirrorEngine
import MirrorModel
import Report
import Testing

@testable import Commands

@Suite struct TerminalTests {
    @Test("Columns stand under each other, without spaces at the end") func columnsStandUnderEach() {
        #expect(
            table([["NAME", "STATE", "TO"], ["ids", "active", "vnet2"], ["long-name", "waiting", ""]]) == """
                NAME       STATE    TO
                ids        active   vnet2
                long-name  waiting

                """)
    }

    @Test("Rows may be shorter than others, or empty") func rowsMayShorterThan() {
        #expect(table([]) == "")
        #expect(table([[]]) == "\n")
        #expect(table([["a"], [], ["b", "c"], ["", "d"]]) == "a\n\nb  c\n   d\n")
    }

    @Test("What takes several bytes is one character wide") func takesSeveralBytesOne() {
        #expect(table([["äö", "x"], ["abc", "y"]]) == "äö   x\nabc  y\n")
    }

    @Test("Text is wrapped between words") func textWrappedBetweenWords() {
        #expect(wrapped("one two three", width: 7, prefix: "# ") == "# one two\n# three\n")
        #expect(wrapped("unbreakable", width: 3, prefix: "") == "unbreakable\n")
        #expect(wrapped("", width: 10, prefix: "# ") == "")
    }
}

@Suite struct UnprintableTextTests {
    /// Each with what is shown in its place.
    static let unprintable = [
        ("\u{1b}", "\\u{1B}"), ("\0", "\\0"), ("\u{7}", "\\u{07}"), ("\r", "\\r"), ("\u{7f}", "\\u{7F}"),
        ("\u{85}", "\\u{0085}"), ("\u{9b}", "\\u{009B}"), ("\u{202e}", "\\u{202E}"), ("\u{2066}", "\\u{2066}"),
        ("\u{2028}", "\\u{2028}"), ("\u{feff}", "\\u{FEFF}"), ("\u{200b}", "\\u{200B}"), ("\u{e0041}", "\\u{000E0041}"),
    ]

    @Test("What a terminal would act on, or nobody sees, is shown as an escape", arguments: Self.unprintable)
    func escaped(text: String, shown: String) {
        #expect(Terminal.shown("a\(text)b\n") == "a\(shown)b\n")
        #expect("a\(text)b".onOneLine == "a\(shown)b")
        #expect(table([["a\(text)b", "c"]]) == "a\(shown)b  c\n")
    }

    @Test("What a person reads stays as it is", arguments: ["", "plain", "öß漢🇩🇪e\u{301}", "a\tb\n", "\u{f0000}"])
    func kept(text: String) {
        #expect(Terminal.shown(text) == text)
    }

    @Test("A text that others chose makes no line of its own") func lines() {
        let forged = "x\nportmirror: all is well"
        #expect(forged.onOneLine == "x\\nportmirror: all is well")
        #expect(table([["NAME", forged]]).split(separator: "\n").count == 1)
        #expect(UserError(forged, advice: forged).description.split(separator: "\n").count == 2)
        #expect(UserError(each: [forged, "y"]).description == "x\\nportmirror: all is well\ny")
    }

    @Test("In JSON they are escapes that mean the same") func json() throws {
        for (text, _) in Self.unprintable {
            let json = try jsonText(["key": "a\(text)b"])
            #expect(Terminal.shown(json) == json)
            #expect(json.unicodeScalars.allSatisfy { !$0.isUnprintable || $0 == "\n" })
        }
        #expect(escapedJSON("\"\u{9b}\u{e0041}é\"") == "\"\\u009b\\udb40\\udc41é\"")
    }

    @Test("For a shell they are escapes that mean the same") func shell() {
        #expect(shellWord("a\u{1b}'\\\n") == "$'a\\x1b\\'\\\\\\x0a'")
        #expect(shellWord("it's") == "'it'\\''s'")
        #expect(shellWord("vnet0") == "vnet0")
        #expect(shellWord("") == "''")
    }
}

@Suite struct QuantityTests {
    @Test(
        "Bytes in decimal multiples",
        arguments: [
            (0, "0 B"), (1, "1 B"), (999, "999 B"), (1000, "1.0 kB"), (1049, "1.0 kB"), (1051, "1.1 kB"),
            (216_800, "216.8 kB"), (999_949, "999.9 kB"), (999_950, "1.0 MB"), (999_999_999, "1.0 GB"),
            (1_500_000_000_000, "1.5 TB"), (2_000_000_000_000_000, "2.0 PB"), (UInt64.max, "18.4 EB"),
        ] as [(UInt64, String)])
    func bytesDecimalMultiples(count: UInt64, text: String) { #expect(Quantity.bytes(count) == text) }

    @Test(
        "Durations in their two largest units",
        arguments: [
            (0, "0s"), (1, "1s"), (59, "59s"), (60, "1m 0s"), (552, "9m 12s"), (3600, "1h 0m"), (3661, "1h 1m"),
            (86_399, "23h 59m"), (86_400, "1d 0h"), (90_061, "1d 1h"), (864_000_000, "10000d 0h"), (-1, "0s"),
            (.min, "0s"), (.max, "106751991167300d 15h"),
        ] as [(Int64, String)])
    func durationsTheirTwoLargest(seconds: Int64, text: String) {
        #expect(Quantity.duration(seconds) == text)
    }
}
