import OVSDB
import Testing

struct JSONTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONValue(parsing: Array(text.utf8)) }

    @Test(
        arguments: [
            ("0", .integer(0)), ("-1", .integer(-1)), ("9223372036854775807", .integer(.max)),
            ("-9223372036854775808", .integer(.min)), ("9223372036854775808", .real(9_223_372_036_854_775_808)),
            ("1.5", .real(1.5)), ("-2.5e3", .real(-2500)), ("1E-2", .real(0.01)), ("0.0", .real(0)),
        ] as [(String, JSONValue)])
    func `numbers are integers as long as they fit`(text: String, value: JSONValue) throws {
        #expect(try parse(text) == value)
        #expect(try JSONValue(parsing: value.encoded) == value)
    }

    @Test(arguments: ["01", "-", "1.", ".5", "1e", "1e+", "--1", "+1", "1e999", "0x1", "1 2"])
    func `what is no number is refused`(text: String) { #expect(throws: OVSDBError.self) { try parse(text) } }

    @Test func `escapes and surrogate pairs become characters`() throws {
        #expect(try parse(#""a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00\u20ac""#) == .string("a\"\\/\u{8}\u{c}\n\r\té😀€"))
    }

    @Test(arguments: [#""\ud83d""#, #""\ud83dx""#, #""\ud83d\u0041""#, #""\ude00""#, #""\u0000""#])
    func `half pairs and NUL are refused`(text: String) { #expect(throws: OVSDBError.self) { try parse(text) } }

    @Test func `any text survives writing and reading`() throws {
        for scalar in (1...0x2ff).compactMap(Unicode.Scalar.init) {
            let value = JSONValue.object(["k\(scalar)": .array([.string("\(scalar)x"), .null, .boolean(true)])])
            #expect(try JSONValue(parsing: value.encoded) == value)
        }
    }

    @Test(arguments: [
        #"{"a" 1}"#, #"{"a":}"#, #"{,}"#, #"{"a":1,}"#, "[1,]", "[1 2]", "tru", "nul", "{1:2}", "", "[",
        #"{"a":1 "b":2}"#,
    ])
    func `wrong grammar is refused`(text: String) { #expect(throws: OVSDBError.self) { try parse(text) } }
}
