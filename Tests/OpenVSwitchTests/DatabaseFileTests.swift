import Testing

@testable import OpenVSwitch

/// What is read of a database's file while no server runs.
@Suite struct DatabaseFileTests {
    private static let row = "13a01feb-2606-4bd1-b01e-06f246862b5c"

    /// As ovsdb-server writes it, but for the hash, which isn't looked at.
    private func log(_ records: String...) -> [UInt8] {
        records.reduce(into: []) { bytes, record in
            bytes += Array(
                "OVSDB JSON \(record.utf8.count + 1) a31c88790ab856360e6b622436603028fc113415\n\(record)\n".utf8)
        }
    }

    private let schema = #"{"name":"Open_vSwitch","tables":{"Mirror":{"columns":{}}}}"#

    private func change(_ ids: String, isDifference: Bool = true) -> String {
        #"{"_date":1,"Mirror":{"\#(Self.row)":{"name":"web","external_ids":["map",[\#(ids)]]}},"_is_diff":\#(isDifference)}"#
    }

    private var deletion: String { #"{"Mirror":{"\#(Self.row)":null},"_comment":"[\"portmirror\",\"web\"]"}"# }

    private func names(_ bytes: [UInt8]) -> [String]? { DatabaseFile(bytes)?.owners.map(\.mirror).sorted() }

    @Test("A row is there from its first transaction on, until one deletes it")
    func rows() {
        let insertion = change(#"["portmirror","web"],["portmirror-netns","7@b"]"#)
        #expect(names(log(schema)) == [])
        #expect(names(log(schema, insertion)) == ["web"])
        #expect(DatabaseFile(log(schema, insertion))?.owners.first?.namespace == "7@b")
        #expect(names(log(schema, insertion, deletion)) == [])
        #expect(names(log(schema, insertion, deletion, insertion)) == ["web"])
        #expect(names(log(schema, #"{"Port":{"x":{"name":"Mirror"}}}"#)) == [])
    }

    @Test("A difference adds, changes and takes away single marks; without that word it is all of them")
    func differences() {
        let insertion = change(#"["portmirror","web"]"#)
        #expect(names(log(schema, insertion, change(#"["portmirror-since","3"]"#))) == ["web"])
        #expect(names(log(schema, insertion, change(#"["portmirror","dns"]"#))) == ["dns"])
        #expect(names(log(schema, insertion, change(#"["portmirror","web"]"#))) == [])
        #expect(names(log(schema, insertion, change(#"["portmirror","web"]"#, isDifference: false))) == ["web"])
        #expect(names(log(schema, insertion, change("", isDifference: false))) == [])
    }

    @Test("What is cut off at the end was being written; what is no such log can't be read")
    func damaged() {
        let whole = log(schema, change(#"["portmirror","web"]"#), deletion)
        let first = log(schema).count
        let second = log(schema, change(#"["portmirror","web"]"#)).count
        for length in whole.indices {
            let found = names(Array(whole[..<length]))
            #expect(found == (length < first ? nil : length < second ? [] : ["web"]), "\(length)")
        }
        for text in ["", "OVSDB CLUSTER 10 x\n{}", "OVSDB JSON 9223372036854775807 x\n{}", "OVSDB JSON -1 x\n", "\0"] {
            #expect(names(Array(text.utf8)) == nil, "\(text)")
        }
        #expect(names(log(schema, #"{"Mirror":{"x":{"external_ids":7}}}"#)) == nil)
        #expect(names(log(schema, #"{"Mirror":[]}"#)) == nil)
    }
}
