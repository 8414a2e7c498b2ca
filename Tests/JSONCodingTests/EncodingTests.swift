import FoundationEssentials
import JSONCoding
import Testing

@Suite struct EncodingTests {
    struct Everything: Codable, Equatable {
        var text = "a \"b\" \\ / \u{8}\u{c}\n\r\t\u{1}\u{1f}\u{7f} äöü 😀"
        var flag = true
        var no = false
        var none: Int?
        var small = Int8.min
        var large = UInt64.max
        var least = Int64.min
        var real = 1.5
        var whole = 3.0
        var tiny = 1e-7
        var huge = 1e300
        var empty: [Int] = []
        var emptyNames: [String: Int] = [:]
        var list = [[1, 2], [], [3]]
        var names = ["b": 1, "a": 2, "B": 3, "a10": 4, "a9": 5, "ä": 6, "": 7]
        var inner: [Inner] = [Inner(), Inner(way: nil)]

        struct Inner: Codable, Equatable {
            var way: String? = "queue"
            var `super-frames` = 7
        }
    }

    @Test("What is written is what Foundation's encoder writes", arguments: [true, false])
    func asFoundation(isIndented: Bool) throws {
        let witness = JSONEncoder()
        witness.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        if isIndented { witness.outputFormatting.insert(.prettyPrinted) }
        let expected = String(decoding: try witness.encode(Everything()), as: UTF8.self)
        let written = try JSON.encode(Everything(), isIndented ? .indented : .line)
        #expect(String(decoding: written, as: UTF8.self) == expected)
    }

    @Test("What was written is read back, also by Foundation's decoder, and what that one's encoder wrote")
    func back() throws {
        let value = Everything()
        for layout in [JSON.Layout.line, .indented] {
            let written = try JSON.encode(value, layout)
            #expect(try JSON.decode(Everything.self, from: written) == value)
            #expect(try JSONDecoder().decode(Everything.self, from: Data(written)) == value)
        }
        #expect(try JSON.decode(Everything.self, from: [UInt8](JSONEncoder().encode(value))) == value)
    }

    @Test("A number that isn't finite has no JSON", arguments: [Double.nan, .infinity, -.infinity])
    func notFinite(number: Double) { #expect(throws: EncodingError.self) { try JSON.encode(["a": number], .line) } }

    /// Containers that Swift's own code for structures doesn't use.
    struct ByHand: Encodable {
        enum Keys: String, CodingKey { case list, members, none }
        enum Inner: String, CodingKey { case a }

        func encode(to encoder: any Encoder) throws {
            var members = encoder.container(keyedBy: Keys.self)
            var list = members.nestedUnkeyedContainer(forKey: .list)
            try list.encode(1)
            try list.encodeNil()
            var inner = list.nestedContainer(keyedBy: Inner.self)
            try inner.encode("x", forKey: .a)
            var innermost = list.nestedUnkeyedContainer()
            try innermost.encode(true)
            var nested = members.nestedContainer(keyedBy: Inner.self, forKey: .members)
            try nested.encode(2, forKey: .a)
            try members.encodeNil(forKey: .none)
        }
    }

    @Test("Containers within containers are written where they belong")
    func nested() throws {
        #expect(
            String(decoding: try JSON.encode(ByHand(), .line), as: UTF8.self)
                == #"{"list":[1,null,{"a":"x"},[true]],"members":{"a":2},"none":null}"#)
    }
}
