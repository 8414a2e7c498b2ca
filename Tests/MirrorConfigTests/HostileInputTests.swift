import MirrorConfig
import MirrorModel
import RandomNumbers
import Testing

@Suite struct HostileInputTests {
    @Test("random bytes are refused without a crash")
    func randomBytes() {
        var generator = SeededNumbers(7)
        for _ in 0..<3_000 {
            let count = Int.random(in: 0...80, using: &generator)
            let bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            #expect(!problems(String(decoding: bytes, as: UTF8.self)).isEmpty)
        }
    }

    @Test("a valid file with random changes is read, and written and read again, or refused at a place in it")
    func mutations() throws {
        var generator = SeededNumbers(8)
        let valid = Array(
            (ParseConfigTests.example
                + "\n  c: &c {from: &f [a, b], to: o, filter: 'tcp[0]*2 > 1'}\n  d: {from: *f, to: x}\n")
                .utf8)
        #expect(problems(String(decoding: valid, as: UTF8.self)).isEmpty)
        let pieces = [
            "*f", "&f ", "? ", ": ", "- ", "[", "]", "{", "}", ",", "'", "\"", "\n", "\n  ", "\t", "#", "|\n", "---\n",
            "!t ", "é", "<<", "0", "\u{f0000}",
        ]
        for _ in 0..<4_000 {
            var bytes = valid
            for _ in 0..<Int.random(in: 1...6, using: &generator) {
                let place = Int.random(in: 0..<bytes.count, using: &generator)
                switch Int.random(in: 0..<4, using: &generator) {
                case 0: bytes[place] = .random(in: 0...255, using: &generator)
                case 1: bytes.remove(at: place)
                case 2: bytes.insert(contentsOf: (pieces.randomElement(using: &generator) ?? "").utf8, at: place)
                default:
                    let end = Int.random(in: place...min(bytes.count, place + 40), using: &generator)
                    bytes.insert(contentsOf: bytes[place..<end], at: .random(in: 0..<bytes.count, using: &generator))
                }
            }
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.unicodeScalars.count { "\n\r\u{85}\u{2028}\u{2029}".unicodeScalars.contains($0) } + 1
            do throws(ConfigError) {
                let read = try parseConfig(text, file: "a", now: now)
                #expect(
                    try parseConfig(renderConfig(read.map(\.mirror)), file: "a", now: now).map(\.mirror)
                        == read.map(\.mirror))
                #expect(read.allSatisfy { !$0.mirror.sources.isEmpty && !$0.mirror.outputs.isEmpty })
            } catch {
                #expect(error.diagnostics.allSatisfy { (1...lines).contains($0.line) && $0.column >= 1 })
            }
        }
    }

    @Test("every beginning of a valid file is read or refused")
    func beginnings() throws {
        let text = ParseConfigTests.example
        for end in text.indices { _ = problems(String(text[..<end])) }
    }

    @Test("nesting beyond measure is refused", arguments: ["[", "[\n", "- ", "? ", "{a: ", "{? ", "{"])
    func nesting(_ piece: String) {
        let found = problems(String(repeating: piece, count: 20_000))
        #expect(found.count == 1)
        #expect(found.first?.contains("nested too deeply") == true, "\(found)")
        _ = problems(String(repeating: piece, count: 900))
    }

    @Test("aliases of aliases cost nothing, as values and as keys", .timeLimit(.minutes(1)))
    func billionLaughs() {
        var lists = "version: 1\na0: &a0 [x, x, x, x, x, x, x, x, x]\n"
        for level in 1..<40 {
            let aliases = Array(repeating: "*a\(level - 1)", count: 9).joined(separator: ", ")
            lists += "a\(level): &a\(level) [\(aliases)]\n"
        }
        for end in [
            "mirrors: {m: {from: *a39, to: *a39}}", "? *a39\n: 1", "? [*a39]\n: 1", "mirrors: {*a39, [*a39]}",
            "{\"b\":*a39}: 1",
        ] {
            #expect(!problems(lists + end).isEmpty)
        }
    }

    @Test("aliases that multiply the file's values are refused", .timeLimit(.minutes(1)))
    func multiplication() {
        let ports = (0..<2_000).map { "p\($0)" }.joined(separator: ", ")
        let text =
            "version: 1\nmirrors:\n  a: {to: o, from: &f [\(ports)]}\n"
            + (0..<600).map { "  a\($0): {to: o, from: *f}\n" }.joined()
        #expect(problems(text).map { $0.contains("more than 1,000,000 values, each alias counted") } == [true])
    }

    @Test("aliases don't nest deeper than the file may without them", .timeLimit(.minutes(1)))
    func nestingThroughAliases() {
        func nested(_ levels: Int, _ each: Int) -> String {
            var text = "version: 1\nmirrors: {}\na0: &a0 x\n"
            for level in 1...levels {
                let opening = String(repeating: "[", count: each)
                let closing = String(repeating: "]", count: each)
                text += "a\(level): &a\(level) \(opening)*a\(level - 1)\(closing)\n"
            }
            return text
        }
        // What is left to complain of are the keys.
        #expect(problems(nested(9, 100)).allSatisfy { $0.contains("unknown key") })
        // Nesting this deep, freeing it would end the program.
        let found = problems(nested(2_000, 900))
        #expect(
            found.count == 1 && found[0].contains("nested too deeply, with what the alias '*a1' stands for"), "\(found)"
        )
    }

    @Test("a file over 4 MiB is refused unread")
    func size() {
        let text = String(repeating: "#", count: maximumConfigSize + 1)
        #expect(problems(text) == ["1:1: the file has 4194305 bytes; the limit is 4194304"])
    }

    @Test("an asterisk within a text is no alias")
    func asterisks() throws {
        for text in ["a*b", "tcp[0]*2 > 1", "\u{f0000}*a"] {
            #expect(try mirrors(complete("filter: &a \(text)")).first?.filter == text)
        }
    }
}
