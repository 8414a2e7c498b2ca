import Failure
import OVSDB
import Testing

/// Every way in which a transaction can fail (RFC 7047, section 4.1.3).
struct ErrorShapeTests {
    private let insert = Operation.insert(table: "Open_vSwitch", row: [:], name: nil)
    private let update = Operation.update(table: "Open_vSwitch", where: [], row: ["cur_cfg": Datum(1)])

    private func outcome(
        _ operations: [Operation], _ reply: String
    ) throws -> Result<[OperationResult], OVSDBError>? {
        var test = SessionUnderTest()
        let number = try test.transact(operations)
        test.hear(reply.replacing("\"id\":3", with: "\"id\":\(number)"))
        if let error = test.disconnection { return .failure(error) }
        return test.outcome
    }

    private func failure(_ operations: [Operation], _ reply: String) throws -> OVSDBError {
        switch try #require(try outcome(operations, reply)) {
        case .failure(let error): return error
        case .success(let results):
            Issue.record("it succeeded: \(results)")
            throw OVSDBError(.cancelled, operation: "", object: "")
        }
    }

    @Test func `a guard that doesn't hold is a wait failure`() throws {
        let wait = Operation.wait(
            table: "Open_vSwitch", where: [], columns: ["cur_cfg"], until: .equal, rows: [["cur_cfg": Datum(7)]],
            timeout: 0)
        let error = try failure([wait, .comment("x")], Transcript.waitFailure)
        #expect(error.code == .operation(index: 0, "timed out"))
        #expect(error.kind == .stale)
        #expect(error.details == "\"where\" clause test failed")
        #expect(
            error.description == "can't change the database on Open_vSwitch at unix:/x, table Open_vSwitch: "
                + "the server says of operation 0 \"timed out\": \"where\" clause test failed")
    }

    @Test func `a commit that fails has one element more`() throws {
        let error = try failure([insert], Transcript.commitFailure)
        #expect(error.code == .commit("referential integrity violation"))
        #expect(error.details.contains("references nonexistent row"))
    }

    @Test func `an operation's error has the server's words and the piece of the request`() throws {
        let error = try failure([update], Transcript.unknownColumn)
        #expect(error.code == .operation(index: 0, "unknown column"))
        #expect(error.details == #"No column nix in table Open_vSwitch. (in {"nix":"x"})"#)
    }

    @Test func `the second of three fails`() throws {
        let error = try failure([update, update, update], #"{"id":3,"result":[{"count":1},{"error":"aborted"},null]}"#)
        #expect(error.code == .operation(index: 1, "aborted"))
    }

    @Test(
        arguments: [
            (#"{"id":3,"error":"unknown method"}"#, .server("unknown method")),
            (#"{"id":3,"result":null,"error":{"error":"syntax error","details":"x"}}"#, .server("syntax error")),
            (#"{"id":3,"error":{"error":"unknown database"}}"#, .noDatabase),
        ] as [(String, OVSDBError.Code)])
    func `an error of the whole reply`(reply: String, code: OVSDBError.Code) throws {
        #expect(try failure([update], reply).code == code)
    }

    @Test(arguments: [
        #"{"id":3,"result":[]}"#, #"{"id":3,"result":[{"count":1},{"count":1}]}"#, #"{"id":3,"result":[null]}"#,
        #"{"id":3,"result":[{"count":1},null]}"#, #"{"id":3,"result":{"count":1}}"#, #"{"id":3,"result":null}"#,
        #"{"id":3,"result":[{"count":-1}]}"#, #"{"id":3,"result":[{}]}"#, #"{"id":3,"result":[7]}"#,
        #"{"id":3,"result":[{"error":"x"},{"count":1}]}"#, #"{"id":3,"error":7}"#, #"{"id":99,"result":[]}"#,
        #"{"id":"3","result":[{"count":1}]}"#, #"{"id":null,"result":[{"count":1}]}"#, #"{"id":3}"#, "{}",
        #"{"id":3,"result":[{"count":1},{"error":"a"},{"error":"b"}]}"#,
    ])
    func `a reply of another shape ends the connection`(reply: String) throws {
        #expect(try failure([update], reply).code == .protocolViolation)
    }

    @Test func `results are read by operation`() throws {
        let operations: [Operation] = [
            insert, .select(table: "Bridge", where: [], columns: nil), update, .comment("x"), .commit(durable: true),
        ]
        let results = try outcome(
            operations,
            #"{"id":3,"error":null,"result":[{"uuid":["uuid","\#(Transcript.row)"]},{"rows":[{"_uuid":["uuid","\#(Transcript.row)"],"name":"br0","ratio":1,"flood_vlans":["set",[2,1]]}]},{"count":4},{},{}]}"#
        )?.get()
        let id = try #require(RowID(Transcript.row))
        let row: [String: Datum] = [
            "_uuid": Datum(id), "name": Datum("br0"), "ratio": Datum(Atom.real(1)),
            "flood_vlans": .set([Int64(1), 2]),
        ]
        #expect(results == [.inserted(id), .rows([row]), .count(4), .empty, .empty])
    }

    @Test func `a column that the schema lacks is refused before anything is sent`() throws {
        var test = SessionUnderTest()
        let error = try #require(throws: OVSDBError.self) {
            try test.transact([.update(table: "Bridge", where: [], row: ["filter": Datum("icmp")])])
        }
        #expect(error.code == .noColumn(table: "Bridge", column: "filter"))
    }

    @Test func `no more requests than allowed wait at once`() throws {
        var test = SessionUnderTest(OVSDBSession.Settings(maximumRequests: 3))
        for _ in 0..<3 { try test.transact([.comment("x")]) }
        #expect(throws: OVSDBError.self) { try test.transact([.comment("x")]) }
    }
}
