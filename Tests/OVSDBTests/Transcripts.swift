import OVSDB
import ScriptedServer

/// What ovsdb-server 3.1.0 said, byte for byte, on a UNIX socket; the request stands above each.
enum Transcript {
    /// `{"id":1,"method":"foo","params":[]}`
    static let unknownMethod = #"{"id":1,"error":"unknown method"}"#
    /// `{"id":2,"method":"get_schema","params":["x"]}`
    static let unknownDatabase =
        #"{"id":2,"error":{"syntax":"[\"x\"]","details":"get_schema request specifies unknown database x","error":"unknown database"}}"#
    /// `monitor_cond_since` of `Open_vSwitch` columns cur_cfg, bridges and external_ids, on an empty database.
    static let emptySnapshot =
        #"{"id":2,"result":[false,"00000000-0000-0000-0000-000000000000",{}],"error":null}"#
    /// An insert of a row without columns: the update is before the reply.
    static let insert =
        #"{"id":null,"method":"update3","params":[1,"00000000-0000-0000-0000-000000000000",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"insert":{}}}}]}{"id":3,"result":[{"uuid":["uuid","e9bb7dad-e1ba-46ca-917c-641cf017cda9"]}],"error":null}"#
    /// `cur_cfg += 1` on a row.
    static let modify =
        #"{"id":null,"method":"update3","params":[1,"00000000-0000-0000-0000-000000000000",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"modify":{"cur_cfg":1}}}}]}"#
    /// `external_ids` from nothing to `{a=b, c=d}`, then to `{a=x, e=f}`.
    static let modifyMap =
        #"{"id":null,"method":"update3","params":[1,"00000000-0000-0000-0000-000000000000",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"modify":{"external_ids":["map",[["a","b"],["c","d"]]]}}}}]}{"id":null,"method":"update3","params":[1,"00000000-0000-0000-0000-000000000000",{"Open_vSwitch":{"e9bb7dad-e1ba-46ca-917c-641cf017cda9":{"modify":{"external_ids":["map",[["a","x"],["c","d"],["e","f"]]]}}}}]}"#
    /// A `wait` with timeout 0 that doesn't hold, then a comment.
    static let waitFailure =
        #"{"id":3,"result":[{"details":"\"where\" clause test failed","error":"timed out"},null],"error":null}"#
    /// An insert with a reference to a row that isn't there.
    static let commitFailure =
        #"{"id":3,"result":[{"uuid":["uuid","372b2559-43a6-486b-b5ff-41ff843bd4d9"]},{"details":"Table Open_vSwitch column bridges row 372b2559-43a6-486b-b5ff-41ff843bd4d9 references nonexistent row 2f77b348-9768-4866-b761-89d5177ecdab in table Bridge.","error":"referential integrity violation"}],"error":null}"#
    /// An update of a column that isn't there.
    static let unknownColumn =
        #"{"id":3,"result":[{"syntax":"{\"nix\":\"x\"}","details":"No column nix in table Open_vSwitch.","error":"unknown column"}],"error":null}"#

    static let row = "e9bb7dad-e1ba-46ca-917c-641cf017cda9"

    /// A reply to `get_schema` with what the tests need of Open_vSwitch's schema; the id is 1.
    static let schema = """
        {"id":1,"error":null,"result":{"name":"Open_vSwitch","version":"8.3.1","cksum":"3012963480 26720","tables":{
        "Open_vSwitch":{"isRoot":true,"maxRows":1,"columns":{
        "cur_cfg":{"type":"integer"},
        "bridges":{"type":{"key":{"type":"uuid","refTable":"Bridge"},"min":0,"max":"unlimited"}},
        "ovs_version":{"type":{"key":"string","min":0,"max":1}},
        "external_ids":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"}},
        "statistics":{"type":{"key":"string","value":"string","min":0,"max":"unlimited"},"ephemeral":true}}},
        "Bridge":{"columns":{
        "name":{"type":"string","mutable":false},
        "flood_vlans":{"type":{"key":{"type":"integer","minInteger":0,"maxInteger":4095},"min":0,"max":4096}},
        "fail_mode":{"type":{"key":{"enum":["set",["standalone","secure"]],"type":"string"},"min":0,"max":1}},
        "stp_enable":{"type":"boolean"},
        "ratio":{"type":"real"},
        "mirrors":{"type":{"key":{"type":"uuid","refTable":"Mirror","refType":"weak"},"min":0,"max":"unlimited"}}}}}}}
        """
}

/// A session that has got so far, for tests of what comes next.
struct SessionUnderTest {
    var session: OVSDBSession
    var actions: [OVSDBSession.Action] = []
    let start = ContinuousClock.now

    /// Connected, and the schema is there.
    init(_ settings: OVSDBSession.Settings = OVSDBSession.Settings(server: "unix:/x"), schema: String? = nil) {
        session = OVSDBSession(settings)
        actions = session.connected(at: start)
        hear(schema ?? Transcript.schema)
    }

    mutating func hear(_ text: String) { actions = session.receive(Array(text.utf8), at: start) }

    mutating func monitor(_ columns: [String: [String]] = ["Open_vSwitch": ["cur_cfg", "bridges", "external_ids"]]) {
        actions = session.monitor(columns)
    }

    @discardableResult
    mutating func transact(_ operations: [Operation]) throws -> Int {
        let (number, actions) = try session.transact(operations)
        self.actions = actions
        return number
    }

    /// What is to be sent, as text.
    var sent: [String] {
        actions.compactMap {
            switch $0 {
            case .send(let bytes), .answer(let bytes): String(decoding: bytes, as: UTF8.self)
            default: nil
            }
        }
    }

    /// The reason to disconnect, if there is one.
    var disconnection: OVSDBError? {
        for case .disconnect(let error) in actions { return error }
        return nil
    }

    /// How the last transaction ended.
    var outcome: Result<[OperationResult], OVSDBError>? {
        for case .finished(_, let outcome) in actions { return outcome }
        return nil
    }

    /// The names of the actions, for their order.
    var names: [String] { actions.map { String("\($0)".prefix { $0 != "(" }) } }

    var root: Row? { RowID(Transcript.row).flatMap { session.replica.row($0, of: "Open_vSwitch") } }
}

extension ScriptedServer.Peer {
    /// The schema, as a reply.
    func tellSchema() throws {
        let id = try expect("get_schema")
        try write(Transcript.schema.replacing("\"id\":1,", with: "\"id\":\(text(id)),"))
    }
}
