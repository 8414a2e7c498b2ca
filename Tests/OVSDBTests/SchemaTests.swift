import OVSDB
import ScriptedServer
import Testing

struct SchemaTests {
    private func parse(_ text: String) throws -> DatabaseSchema { try DatabaseSchema(parsing: Array(text.utf8)) }

    @Test func `types, limits and references are read`() throws {
        let result = try #require(try JSONValue(parsing: Array(Transcript.schema.utf8))["result"])
        let schema = try DatabaseSchema(parsing: result.encoded)
        #expect(schema.name == "Open_vSwitch" && schema.version == "8.3.1")
        let root = try #require(schema.tables["Open_vSwitch"])
        let bridge = try #require(schema.tables["Bridge"])
        #expect(root.isRoot && root.maxRows == 1 && !bridge.isRoot && bridge.maxRows == nil)
        #expect(root.columns["cur_cfg"] == ColumnSchema(key: BaseType(.integer)))
        #expect(
            root.columns["bridges"]
                == ColumnSchema(key: BaseType(.uuid, referencedTable: "Bridge"), min: 0, max: nil))
        #expect(root.columns["statistics"]?.isEphemeral == true && root.columns["statistics"]?.isMap == true)
        #expect(bridge.columns["name"]?.isMutable == false)
        #expect(bridge.columns["fail_mode"]?.key.allowed?.stringSet == ["standalone", "secure"])
        #expect(bridge.columns["flood_vlans"]?.key.maximum == .integer(4095))
        #expect(bridge.columns["flood_vlans"]?.max == 4096)
        #expect(bridge.columns["mirrors"]?.key.reference == .weak)
    }

    @Test func `defaults are what an insert leaves out`() {
        #expect(ColumnSchema(key: BaseType(.integer)).defaultValue == Datum(0))
        #expect(ColumnSchema(key: BaseType(.string)).defaultValue == Datum(""))
        #expect(ColumnSchema(key: BaseType(.boolean)).defaultValue == Datum(false))
        #expect(ColumnSchema(key: BaseType(.string), min: 0).defaultValue == .empty)
        #expect(ColumnSchema(key: BaseType(.uuid)).defaultValue == Datum(RowID.zero))
    }

    @Test func `tables of a schema without roots are all roots`() throws {
        let schema = try parse(#"{"name":"X","tables":{"A":{"columns":{}},"B":{"columns":{}}}}"#)
        #expect(schema.tables.values.allSatisfy(\.isRoot) && schema.version == "")
    }

    @Test(arguments: [
        "{}", #"{"name":1}"#, #"{"name":"X","tables":[]}"#, #"{"name":"X","tables":{"A":{"columns":{"c":{}}}}}"#,
        #"{"name":"X","tables":{"A":{"columns":{"c":{"type":"colour"}}}}}"#,
        #"{"name":"X","tables":{"A":{"columns":{"c":{"type":{"min":0}}}}}}"#,
        #"{"name":"X","tables":{"A":{"columns":{"c":{"type":{"key":"string","max":"many"}}}}}}"#, #"{"name":"X""#,
    ])
    func `a schema of another shape is refused`(text: String) { #expect(throws: OVSDBError.self) { try parse(text) } }

    @Test func `the schema of Open vSwitch 3.1 has what the typed rows want but for the filter`() throws {
        let schema = try parse(switchSchema)
        let rows: [any TypedRow.Type] = [
            OpenVSwitchRow.self, BridgeRow.self, PortRow.self, InterfaceRow.self, MirrorRow.self,
        ]
        var missing: [String] = []
        for row in rows {
            missing += row.columns.filter { !schema.has($0, of: row.table) }.map { "\(row.table).\($0)" }
        }
        // `filter` came with 3.4.
        #expect(missing == ["Mirror.filter"])
    }
}
