import OVSDB
import Testing

/// What operations look like on the wire (RFC 7047, section 5.2).
struct OperationTests {
    private func written(_ operation: Operation) throws -> String {
        var test = SessionUnderTest()
        try test.transact([operation])
        let text = try #require(test.sent.first)
        return String(text.dropFirst(#"{"id":2,"method":"transact","params":["Open_vSwitch","#.count).dropLast(2))
    }

    private let id = RowID(high: 0xe9bb_7dad_e1ba_46ca, low: 0x917c_641c_f017_cda9)

    @Test func `an insert has its row and its name`() throws {
        let row: [String: Datum] = [
            "name": Datum("a\"b"), "flood_vlans": .set([Int64(2), 1]), "fail_mode": .empty, "ratio": Datum(.real(0.5)),
            "stp_enable": Datum(true), "mirrors": Datum(.newRow("m")),
        ]
        #expect(
            try written(.insert(table: "Bridge", row: row, name: "b"))
                == #"{"op":"insert","table":"Bridge","row":{"fail_mode":["set",[]],"flood_vlans":["set",[1,2]],"#
                + #""mirrors":["named-uuid","m"],"name":"a\"b","ratio":0.5,"stp_enable":true},"uuid-name":"b"}"#)
    }

    @Test func `nothing is an empty map where the column is one`() throws {
        #expect(
            try written(.update(table: "Open_vSwitch", where: [], row: ["external_ids": .empty, "bridges": .empty]))
                == #"{"op":"update","table":"Open_vSwitch","where":[],"row":{"bridges":["set",[]],"external_ids":["map",[]]}}"#
        )
    }

    @Test func `conditions and mutations are triples`() throws {
        #expect(
            try written(
                .mutate(
                    table: "Open_vSwitch", where: [.row(id), Condition("cur_cfg", .greaterOrEqual, Datum(3))],
                    mutations: [
                        Mutation("cur_cfg", .add, Datum(1)),
                        Mutation("external_ids", .delete, .set([Atom.string("a"), .string("b")])),
                        Mutation("external_ids", .insert, .map("a", "b")),
                    ]))
                == #"{"op":"mutate","table":"Open_vSwitch","where":[["_uuid","==",["uuid","\#(id)"]],"#
                + #"["cur_cfg",">=",3]],"mutations":[["cur_cfg","+=",1],"#
                + #"["external_ids","delete",["set",["a","b"]]],["external_ids","insert",["map",[["a","b"]]]]]}"#)
    }

    @Test func `the others`() throws {
        #expect(
            try written(.select(table: "Bridge", where: [], columns: ["name", "_uuid"]))
                == #"{"op":"select","table":"Bridge","where":[],"columns":["name","_uuid"]}"#)
        #expect(try written(.delete(table: "Bridge", where: [.row(id)])).hasPrefix(#"{"op":"delete","table":"Bridge""#))
        #expect(
            try written(
                .wait(
                    table: "Bridge", where: [.row(id)], columns: ["name"], until: .equal,
                    rows: [["name": Datum("x")]], timeout: 0))
                == #"{"op":"wait","table":"Bridge","timeout":0,"where":[["_uuid","==",["uuid","\#(id)"]]],"#
                + #""columns":["name"],"until":"==","rows":[{"name":"x"}]}"#)
        #expect(try written(.comment("by\nme")) == #"{"op":"comment","comment":"by\u000ame"}"#)
        #expect(try written(.commit(durable: true)) == #"{"op":"commit","durable":true}"#)
        #expect(try written(.abort) == #"{"op":"abort"}"#)
    }
}
