import Testing

@testable import Commands

@Suite struct TerminalTests {
    @Test("Columns stand under each other, without spaces at the end") func columnsStandUnderEach() {
        #expect(
            Terminal.table([["NAME", "STATE", "TO"], ["ids", "active", "vnet2"], ["long-name", "waiting", ""]]) == """
                NAME       STATE    TO
                ids        active   vnet2
                long-name  waiting

                """)
    }

    @Test("Rows may be shorter than others, or empty") func rowsMayShorterThan() {
        #expect(Terminal.table([]) == "")
        #expect(Terminal.table([[]]) == "\n")
        #expect(Terminal.table([["a"], [], ["b", "c"], ["", "d"]]) == "a\n\nb  c\n   d\n")
    }

    @Test("What takes several bytes is one character wide") func takesSeveralBytesOne() {
        #expect(Terminal.table([["äö", "x"], ["abc", "y"]]) == "äö   x\nabc  y\n")
    }

    @Test("Text is wrapped between words") func textWrappedBetweenWords() {
        #expect(Terminal.wrapped("one two three", width: 7, prefix: "# ") == "# one two\n# three\n")
        #expect(Terminal.wrapped("unbreakable", width: 3, prefix: "") == "unbreakable\n")
        #expect(Terminal.wrapped("", width: 10, prefix: "# ") == "")
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
            (86_399, "23h 59m"), (86_400, "1d 0h"), (90_061, "1d 1h"), (864_000_000, "10000d 0h"),
        ] as [(Int64, String)])
    func durationsTheirTwoLargest(seconds: Int64, text: String) {
        #expect(Quantity.duration(seconds) == text)
    }
}
