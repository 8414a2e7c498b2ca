import JSONCoding
import RandomNumbers
import Testing

@Suite struct DecodingTests {
    struct Report: Codable, Equatable {
        var name: String
        var count: UInt64
        var share: Double?
        var parts: [String: [Int32]]
    }

    private func read(_ text: String) throws -> Report { try JSON.decode(Report.self, from: Array(text.utf8)) }

    @Test("Spaces, escapes, unknown members and null are understood; the last of two members with one name counts")
    func understood() throws {
        let text = #"""
             { "name" : "first", "\u006eame":"a\u00e9\ud83d\ude00\/\n" ,"count":18446744073709551615,
            "share":null, "parts":{"x":[-1,0 , 2147483647],"y":[]}, "more":{"deep":[[{}]],"t":[true,false,1.5e-3]} }
            """#
        let report = try read(text)
        #expect(report == Report(name: "aé😀/\n", count: .max, share: nil, parts: ["x": [-1, 0, .max], "y": []]))
    }

    @Test(
        "What isn't JSON, or isn't what was expected, is an error",
        arguments: [
            "", " ", "{", "}", "{}", "[]", "null", "nul", "{]", #"{"name"}"#, #"{"name":}"#, #"{"name":"a",}"#,
            #"{name:"a"}"#,
            #"{"name":"a" "count":1}"#, #"{"name":"a","count":1,"parts":{}}x"#, #"{"name":"a","count":-1,"parts":{}}"#,
            #"{"name":"a","count":01,"parts":{}}"#, #"{"name":"a","count":1.,"parts":{}}"#,
            #"{"name":"a","count":1.5,"parts":{}}"#,
            #"{"name":"a","count":18446744073709551616,"parts":{}}"#, #"{"name":"a","count":"1","parts":{}}"#,
            #"{"name":"a","count":1,"parts":{"x":[2147483648]}}"#, #"{"name":1,"count":1,"parts":{}}"#,
            #"{"name":"a","count":1,"share":1e999,"parts":{}}"#, #"{"name":"a","count":1,"parts":[]}"#,
            #"{"name":"\ud800","count":1,"parts":{}}"#, #"{"name":"\ud800\u0041","count":1,"parts":{}}"#,
            #"{"name":"\udc00","count":1,"parts":{}}"#, #"{"name":"\u12","count":1,"parts":{}}"#,
            #"{"name":"\u+123","count":1,"parts":{}}"#,
            #"{"name":"\x","count":1,"parts":{}}"#, #"{"name":"a\"#, "{\"name\":\"a\nb\",\"count\":1,\"parts\":{}}",
        ])
    func refused(text: String) { #expect(throws: DecodingError.self) { try read(text) } }

    @Test("Text that isn't UTF-8 is refused, and so is what is nested too deep")
    func hostile() {
        #expect(throws: DecodingError.self) { try JSON.decode(String.self, from: [0x22, 0xff, 0x22]) }
        let deep = String(repeating: "[", count: 100_000)
        #expect(throws: DecodingError.self) { try JSON.decode(Report.self, from: Array(deep.utf8)) }
        #expect(throws: DecodingError.self) {
            try read(#"{"name":"a","count":1,"parts":{},"x":"# + deep + String(repeating: "]", count: 100_000) + "}")
        }
    }

    @Test("Cut anywhere it is an error, and bytes that were changed crash nothing")
    func damaged() throws {
        let whole = try JSON.encode(Report(name: "añ\n", count: 3, share: 0.5, parts: ["x": [1, -2]]), .indented)
        for count in whole.indices {
            #expect(throws: DecodingError.self) { try JSON.decode(Report.self, from: Array(whole[..<count])) }
        }
        var random = SeededNumbers(7)
        for _ in 0..<2000 {
            var bytes = whole
            for _ in 0..<3 {
                bytes[Int.random(in: bytes.indices, using: &random)] = UInt8.random(in: 0...255, using: &random)
            }
            _ = try? JSON.decode(Report.self, from: bytes)
        }
    }
}
