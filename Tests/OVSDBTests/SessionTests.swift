import OVSDB
import Testing

struct SessionTests {
    @Test func `a connection asks for the schema and is ready when it is there`() {
        var test = SessionUnderTest()
        #expect(test.names == ["ready"] && test.session.isReady)
        #expect(test.session.schema?.tables.count == 2)
        var other = OVSDBSession(OVSDBSession.Settings(database: "OVN_Northbound"))
        test.actions = other.connected(at: test.start)
        #expect(test.sent == [#"{"id":1,"method":"get_schema","params":["OVN_Northbound"]}"#])
    }

    @Test func `a server without the database is an error`() {
        let test = SessionUnderTest(schema: Transcript.unknownDatabase.replacing("\"id\":2", with: "\"id\":1"))
        #expect(test.disconnection?.code == .noDatabase)
    }

    @Test func `echo is answered as it came, in the midst of anything`() {
        var test = SessionUnderTest()
        test.hear(#"{"id":"echo","method":"echo","params":[1,{"a":"}\""}]}{"method":"echo","params":[],"id":[7]}"#)
        #expect(
            test.sent == [
                #"{"id":"echo","result":[1,{"a":"}\""}],"error":null}"#, #"{"id":[7],"result":[],"error":null}"#,
            ])
    }

    @Test func `a request that isn't known is refused and a notification passed over`() {
        var test = SessionUnderTest()
        test.hear(#"{"id":4,"method":"reboot","params":[]}{"id":null,"method":"stolen","params":["lock"]}"#)
        #expect(test.sent == [#"{"id":4,"result":null,"error":"unknown method"}"#])
        #expect(test.disconnection == nil)
    }

    @Test func `the update of an own change comes before its reply`() throws {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(Transcript.emptySnapshot)
        #expect(test.names == ["monitoring", "changed"])
        try test.transact([.insert(table: "Open_vSwitch", row: [:], name: nil)])
        test.hear(Transcript.insert)
        #expect(test.names == ["changed", "finished"])
        #expect(test.root?["cur_cfg"] == Datum(0))
        #expect(test.root?["external_ids"] == .empty)
        #expect(test.root?["ovs_version"] == nil)
    }

    @Test func `modifications are differences`() {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(Transcript.emptySnapshot)
        test.hear(Transcript.insert.replacing(#"{"id":3,"#, with: #"{"id":9,"method":"echo","#))
        test.hear(Transcript.modify)
        #expect(test.root?["cur_cfg"]?.integer == 1)
        test.hear(Transcript.modifyMap)
        #expect(test.root?["external_ids"]?.strings == ["a": "x", "e": "f"])
        test.hear(Transcript.modify.replacing(#"{"modify":{"cur_cfg":1}}"#, with: #"{"delete":null}"#))
        #expect(test.root == nil && test.session.replica.count(of: "Open_vSwitch") == 0)
    }

    @Test func `columns and tables that the schema lacks aren't asked for`() {
        var test = SessionUnderTest()
        test.monitor(["Bridge": ["name", "filter", "name"], "Mirror": ["name"]])
        #expect(
            test.sent == [
                #"{"id":2,"method":"monitor_cond_since","params":["Open_vSwitch",1,{"Bridge":[{"columns":["name"]}]},"00000000-0000-0000-0000-000000000000"]}"#
            ])
        test.hear(Transcript.emptySnapshot)
        #expect(test.session.replica.has("name", of: "Bridge"))
        #expect(!test.session.replica.has("filter", of: "Bridge") && !test.session.replica.has("name", of: "Mirror"))
    }

    @Test func `older servers are asked in older ways`() {
        var test = SessionUnderTest()
        test.monitor(["Bridge": ["name", "flood_vlans"]])
        test.hear(#"{"id":2,"error":"unknown method"}"#)
        #expect(test.sent.first?.contains(#""method":"monitor_cond","params":["Open_vSwitch",2,{"#) == true)
        test.hear(#"{"id":3,"error":"unknown method"}"#)
        #expect(test.sent.first?.contains(#""method":"monitor","params":["Open_vSwitch",3,{"#) == true)
        let id = Transcript.row
        test.hear(#"{"id":4,"result":{"Bridge":{"\#(id)":{"new":{"name":"br0","flood_vlans":5}}}},"error":null}"#)
        #expect(test.names == ["monitoring", "changed"])
        test.hear(
            #"{"id":null,"method":"update","params":[3,{"Bridge":{"\#(id)":{"old":{"flood_vlans":5},"new":{"name":"br0","flood_vlans":["set",[5,6]]}}}}]}"#
        )
        #expect(test.session.replica.rows(BridgeRow.self).first?.floodVLANs == [5, 6])
        test.hear(#"{"id":null,"method":"update","params":[3,{"Bridge":{"\#(id)":{"old":{"name":"br0"}}}}]}"#)
        #expect(test.session.replica.count(of: "Bridge") == 0 && test.disconnection == nil)
    }

    @Test func `monitor_cond tells differences without a place in history`() {
        var test = SessionUnderTest()
        test.monitor(["Bridge": ["name", "flood_vlans"]])
        test.hear(#"{"id":2,"error":"unknown method"}"#)
        let id = Transcript.row
        test.hear(#"{"id":3,"result":{"Bridge":{"\#(id)":{"initial":{"name":"b","flood_vlans":["set",[1,2]]}}}}}"#)
        test.hear(
            #"{"method":"update2","id":null,"params":[2,{"Bridge":{"\#(id)":{"modify":{"flood_vlans":["set",[2,3]]}}}}]}"#
        )
        #expect(test.session.replica.rows(BridgeRow.self).first?.floodVLANs == [1, 3])
    }

    @Test func `a refusal to monitor is told and the connection stays`() {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(#"{"id":2,"error":{"error":"syntax error","details":"no"}}"#)
        #expect(test.names == ["monitorRefused"] && test.session.isReady)
    }

    @Test func `a cancelled monitor is begun again from the schema on`() {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(Transcript.emptySnapshot)
        test.hear(#"{"id":null,"method":"monitor_canceled","params":[1]}"#)
        #expect(test.sent == [#"{"id":3,"method":"get_schema","params":["Open_vSwitch"]}"#])
        test.hear(Transcript.schema.replacing("\"id\":1", with: "\"id\":3"))
        #expect(test.names == ["ready", "send"])
        #expect(test.sent.first?.contains("monitor_cond_since") == true)
    }

    @Test(arguments: [
        #"[9,"00000000-0000-0000-0000-000000000000",{}]"#, #"[1,{}]"#, #"[1]"#, "[]", "{}", "null",
        #"[1,"x",{"Port":{}}]"#, #"[1,"x",{"Open_vSwitch":{"nonsense":{"delete":null}}}]"#,
        #"[1,"x",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"modify":{"cur_cfg":1}}}}]"#,
        #"[1,"x",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"insert":{"nix":1}}}}]"#,
        #"[1,"x",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"insert":{"cur_cfg":"1"}}}}]"#,
        #"[1,"x",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"explode":{}}}}]"#,
    ])
    func `an update that can't be ends the connection and changes nothing`(parameters: String) {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(Transcript.emptySnapshot)
        test.hear(#"{"id":null,"method":"update3","params":\#(parameters)}"#)
        #expect(test.disconnection?.code == .protocolViolation)
        #expect(test.session.replica.count(of: "Open_vSwitch") == 0)
    }

    @Test func `what waits fails with the connection and is not sent again`() throws {
        var test = SessionUnderTest()
        let number = try test.transact([.comment("x")])
        test.actions = test.session.disconnected(
            OVSDBError(.connection(errno: 104), operation: "hear", object: "unix:/x", details: "gone"))
        guard case .finished(number, .failure(let error)) = test.actions.first, test.actions.count == 1 else {
            Issue.record("\(test.actions)")
            return
        }
        #expect(error.code == .connection(errno: 104))
        #expect(error.details == "gone; it isn't known whether the change was carried out")
        test.actions = test.session.connected(at: test.start)
        #expect(test.sent.allSatisfy { !$0.contains("transact") })
    }

    @Test func `an abandoned transaction is cancelled and its reply passed over`() throws {
        var test = SessionUnderTest()
        let number = try test.transact([.comment("x")])
        test.actions = test.session.abandon(number)
        #expect(test.sent == [#"{"id":null,"method":"cancel","params":[\#(number)]}"#])
        test.hear(#"{"id":\#(number),"error":"canceled"}"#)
        #expect(test.actions.isEmpty)
    }

    @Test func `another monitor takes the place of the first`() {
        var test = SessionUnderTest()
        test.monitor()
        test.hear(Transcript.emptySnapshot)
        test.monitor(["Bridge": ["name"]])
        #expect(test.sent.first == #"{"id":3,"method":"monitor_cancel","params":[1]}"#)
        // Still of the old one, since the server hadn't read the request yet.
        test.hear(Transcript.modify.replacing(#""modify":{"cur_cfg":1}"#, with: #""insert":{}"#))
        #expect(test.session.replica.count(of: "Open_vSwitch") == 1)
        test.hear(#"{"id":3,"result":{}}{"id":4,"result":[false,"x",{}]}"#)
        #expect(test.disconnection == nil && test.session.replica.has("name", of: "Bridge"))
        #expect(!test.session.replica.has("cur_cfg", of: "Open_vSwitch"))
    }
}
