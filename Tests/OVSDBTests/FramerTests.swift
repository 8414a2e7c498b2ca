import OVSDB
import RandomNumbers
import Testing

struct FramerTests {
    private static let stream =
        Transcript.unknownMethod + " \n" + Transcript.insert + Transcript.modifyMap + Transcript.commitFailure
        + #"{"tricky":"}{][\"\\ é 😀 \u00e9\ud83d\ude00"}"#
    private func frames(_ pieces: [[UInt8]]) throws -> [String] {
        var framer = MessageFramer()
        var found: [String] = []
        for piece in pieces {
            framer.append(piece)
            while let frame = try framer.next() { found.append(String(decoding: frame.message, as: UTF8.self)) }
        }
        #expect(framer.pending == 0)
        return found
    }

    @Test func `a transcript has the same messages wherever it is split`() throws {
        let bytes = Array(Self.stream.utf8)
        let whole = try frames([bytes])
        #expect(whole.count == 7)
        #expect(whole.joined() == Self.stream.replacing("} \n{", with: "}{"))
        for place in 0...bytes.count {
            #expect(try frames([Array(bytes[..<place]), Array(bytes[place...])]) == whole)
        }
    }

    @Test func `a transcript has the same messages byte by byte and in random pieces`() throws {
        let bytes = Array(Self.stream.utf8)
        let whole = try frames([bytes])
        #expect(try frames(bytes.map { [$0] }) == whole)
        var numbers = SeededNumbers(7)
        for _ in 0..<200 {
            var pieces: [[UInt8]] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let size = Int.random(in: 1...90, using: &numbers)
                pieces.append(Array(rest.prefix(size)))
                rest = rest.dropFirst(size)
            }
            #expect(try frames(pieces) == whole)
        }
    }

    @Test(arguments: [
        "garbage", "[1]", "1", "\"text\"", "}", #"{"a":1}}"#, #"{"a":[}"#, #"{"a":(1)}"#, "{\"a\":\"\u{1}\"}",
        #"{"a":"\x"}"#, #"{"a":"\u12g4"}"#, "HTTP/1.1 400 Bad Request\r\n", "\u{16}\u{3}\u{1}",
    ])
    func `what is no message is an error with an excerpt`(text: String) throws {
        let error = try #require(throws: OVSDBError.self) { try frames([Array(text.utf8)]) }
        #expect(error.code == .protocolViolation)
        #expect(error.details.contains("«"))
    }

    @Test(
        arguments: [
            [0x80], [0xc0, 0x80], [0xc3, 0x28], [0xe0, 0x80, 0x80], [0xed, 0xa0, 0x80], [0xf4, 0x90, 0x80, 0x80],
            [0xff],
            [0xe2, 0x82, 0x22],
        ] as [[UInt8]])
    func `strings that aren't UTF-8 are refused`(bytes: [UInt8]) throws {
        let message = Array(#"{"a":""#.utf8) + bytes + Array(#""}"#.utf8)
        let error = try #require(throws: OVSDBError.self) { try frames([message]) }
        #expect(error.details.contains("not UTF-8"))
    }

    @Test func `a message beyond the limit is refused before it is complete`() throws {
        var framer = MessageFramer(maximumMessage: 1000)
        framer.append(Array(#"{"a":""#.utf8))
        var taken = 0
        let error = try #require(throws: OVSDBError.self) {
            while taken < 100_000_000 {
                framer.append(Array(repeating: UInt8(ascii: "x"), count: 100))
                taken += 100
                _ = try framer.next()
            }
        }
        #expect(error.details.contains("more than 1000 bytes"))
        #expect(taken <= 1100)
    }

    @Test func `a message of exactly the limit is taken`() throws {
        var framer = MessageFramer(maximumMessage: 10)
        framer.append(Array(#"{"a":"xy"}{"a":"xyz"}"#.utf8))
        #expect(try framer.next()?.count == 10)
        #expect(throws: OVSDBError.self) { try framer.next() }
    }

    @Test func `brackets that nest too deep are refused`() throws {
        var framer = MessageFramer(maximumDepth: 8)
        framer.append(
            Array((#"{"a":"# + String(repeating: "[", count: 7) + String(repeating: "]", count: 7) + "}").utf8))
        #expect(try framer.next() != nil)
        framer.append(Array((#"{"a":"# + String(repeating: "[", count: 8)).utf8))
        #expect(throws: OVSDBError.self) { try framer.next() }
    }
}
