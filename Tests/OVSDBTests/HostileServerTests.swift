import EventLoop
import LinuxSystem
import OVSDB
import OVSDBTransport
import ScriptedServer
import Testing

/// Servers that misbehave in every way that was thought of. A call ends with an error within its time; nothing hangs.
struct HostileServerTests {
    private func client(
        _ server: ScriptedServer, timeout: Duration = .seconds(5), maximumMessage: Int = 1 << 20,
        reconnects: Bool = false
    ) throws -> OVSDBClient {
        OVSDBClient(
            try OVSDBTarget(parsing: server.target), on: try EventLoop(),
            configuration: OVSDBClient.Configuration(
                connectTimeout: timeout, requestTimeout: timeout, maximumMessage: maximumMessage,
                backoff: .milliseconds(10)...(.milliseconds(40)), reconnects: reconnects))
    }

    private func failure(of client: OVSDBClient) throws -> OVSDBError {
        try #require(throws: OVSDBError.self) { try client.connect() }
    }

    @Test func `a server that talks byte by byte, with echoes in between`()
        throws
    {
        let server = try ScriptedServer { _, peer in
            let id = peer.text(try peer.expect("get_schema"))
            let schema = Transcript.schema.replacing("\"id\":1,", with: "\"id\":\(id),")
            let text =
                #"{"id":"echo","method":"echo","params":[]}"# + schema + #"{"id":"echo","method":"echo","params":[7]}"#
            for byte in text.utf8 { try peer.write([byte]) }
            // The transaction may come before the second answer.
            var answers: [JSONValue?] = []
            var transaction = JSONValue.null
            for _ in 0..<3 {
                let message = try peer.read()
                if message["method"] == nil {
                    answers.append(message["result"])
                } else {
                    transaction = message["id"] ?? .null
                }
            }
            #expect(answers == [.array([]), .array([.integer(7)])])
            for byte in #"{"id":\#(peer.text(transaction)),"result":[{"count":3}],"error":null}"#.utf8 {
                try peer.write([byte])
            }
            try peer.waitForEnd()
        }
        let client = try client(server)
        let results = try client.transact([.delete(table: "Bridge", where: [])])
        #expect(results == [.count(3)])
    }

    @Test(
        arguments: [
            "garbage", "HTTP/1.1 400\r\n\r\n", "{\"id\":1,\"result\":{}}", "{]", "\u{0}\u{0}",
            "{\"id\":9,\"result\":[]}",
        ])
    func `garbage`(text: String) throws {
        let server = try ScriptedServer { _, peer in
            try peer.expect("get_schema")
            try peer.write(text)
            try peer.waitForEnd()
        }
        #expect(try failure(of: client(server)).code == .protocolViolation)
    }

    @Test func `half a message and then nothing more`() throws {
        let server = try ScriptedServer { _, peer in
            try peer.expect("get_schema")
            try peer.write(String(Transcript.schema.prefix(300)))
        }
        let error = try failure(of: client(server))
        #expect(error.code == .connection(errno: nil) && error.details == "the server closed the connection")
    }

    @Test func `a message of 100 MB is refused when a hundredth of it is there`() throws {
        let server = try ScriptedServer { _, peer in
            try peer.expect("get_schema")
            try peer.write(#"{"id":1,"result":""#)
            let piece = [UInt8](repeating: UInt8(ascii: "x"), count: 1 << 16)
            for _ in 0..<1600 { try peer.write(piece) }
        }
        let client = try client(server)
        let error = try failure(of: client)
        #expect(error.code == .protocolViolation && error.details.contains("more than 1048576 bytes"))
        #expect(client.statistics.bytesReceived < 3 << 20)
    }

    @Test func `a host that has no address`() throws {
        let client = OVSDBClient(try OVSDBTarget(parsing: "tcp:no..host:6640"), on: try EventLoop())
        let error = try failure(of: client)
        #expect(error.code == .connection(errno: nil) && error.object == "tcp:no..host:6640")
        #expect(error.details.hasPrefix("the host's address is unknown: "), "\(error)")
    }

    @Test func `a server that never answers`() throws {
        let server = try ScriptedServer { _, peer in try peer.waitForEnd() }
        let start = ContinuousClock.now
        #expect(try failure(of: client(server, timeout: .milliseconds(100))).code == .timeout)
        #expect(ContinuousClock.now - start < .seconds(3))
    }

    @Test func `a transaction that is never answered is given up, and the server asked to`() throws {
        let server = try ScriptedServer { _, peer in
            try peer.tellSchema()
            let id = try peer.expect("transact")
            try peer.expect("cancel")
            try peer.write(#"{"id":\#(peer.text(id)),"error":"canceled"}"#)
            let next = try peer.expect("transact")
            try peer.write(#"{"id":\#(peer.text(next)),"result":[{}]}"#)
            try peer.waitForEnd()
        }
        let client = try client(server, timeout: .milliseconds(150))
        let error = try #require(throws: OVSDBError.self) { try client.transact([.comment("x")]) }
        #expect(error.code == .timeout)
        #expect(try client.transact([.comment("y")]) == [.empty])
    }

    @Test func `a monitor that is never answered, and one that no way of asking brings`() throws {
        let silent = try ScriptedServer { _, peer in
            try peer.tellSchema()
            try peer.waitForEnd()
        }
        let first = try client(silent, timeout: .milliseconds(150))
        #expect(try #require(throws: OVSDBError.self) { try first.monitor([BridgeRow.self]) }.code == .timeout)
        let old = try ScriptedServer { _, peer in
            try peer.tellSchema()
            for method in ["monitor_cond_since", "monitor_cond", "monitor"] {
                let id = try peer.expect(method)
                try peer.write(#"{"id":\#(peer.text(id)),"result":null,"error":"unknown method"}"#)
            }
            try peer.waitForEnd()
        }
        let second = try client(old)
        let error = try #require(throws: OVSDBError.self) { try second.monitor([BridgeRow.self]) }
        #expect(error.code == .server("unknown method"))
    }

    @Test func `the connection breaks under a transaction, which isn't sent again`() throws {
        let server = try ScriptedServer { index, peer in
            try peer.tellSchema()
            if index == 0 {
                try peer.expect("transact")
                return
            }
            let id = peer.text(try peer.expect("transact"))
            try peer.write(#"{"id":\#(id),"result":[{}]}"#)
            try peer.waitForEnd()
        }
        let client = try client(server, reconnects: true)
        let error = try #require(throws: OVSDBError.self) { try client.transact([.comment("first")]) }
        #expect(error.code == .connection(errno: nil))
        #expect(error.details.contains("it isn't known whether the change was carried out"))
        #expect(try client.waitForConnection(upTo: .seconds(5)))
        #expect(try client.transact([.comment("second")]) == [.empty])
    }

    @Test func `a server that breaks each connection is asked less and less often`() throws {
        let server = try ScriptedServer { index, peer in
            try peer.tellSchema()
            if index >= 4 { try peer.waitForEnd() }
        }
        let client = try client(server, reconnects: true)
        let start = ContinuousClock.now
        // It may be lost again before this thread has seen it.
        try? client.connect()
        while true {
            if case .connected = client.connectionState, ContinuousClock.now - start >= .milliseconds(110) { break }
            _ = try client.wait(upTo: .milliseconds(20)) { _ in false }
        }
        // Pauses of 10, 20, 40 and 40 ms.
        #expect(ContinuousClock.now - start >= .milliseconds(110))
    }

    @Test func `a server that asks without reading answers doesn't fill the memory`() throws {
        let server = try ScriptedServer { _, peer in
            try peer.tellSchema()
            let echo = Array(
                (#"{"id":1,"method":"echo","params":[""# + String(repeating: "x", count: 100_000) + #""]}"#).utf8)
            for _ in 0..<1000 { try peer.write(echo) }
            try peer.waitForEnd()
        }
        let client = try client(server)
        try client.connect()
        let error = try #require(throws: OVSDBError.self) { _ = try client.wait(upTo: .seconds(10)) { _ in false } }
        #expect(error.code == .protocolViolation && error.details == "it asks without reading the answers")
    }

    @Test func `updates in a flood, some of them wrong`() throws {
        let server = try ScriptedServer { index, peer in
            try peer.tellSchema()
            let id = peer.text(try peer.expect("monitor_cond_since"))
            let name = index + 1
            try peer.write(
                #"{"id":\#(id),"result":[false,"x",{"Bridge":{"\#(Transcript.row)":{"initial":{"name":"b\#(index)"}}}}]}"#
            )
            for number in 0..<2000 {
                try peer.write(
                    #"{"id":null,"method":"update3","params":[\#(name),"x",{"Bridge":{"\#(Transcript.row)":{"modify":{"name":"\#(index).\#(number)"}}}}]}"#
                )
            }
            if index == 0 { try peer.write(#"{"id":null,"method":"update3","params":[77,"x",{}]}"#) }
            try peer.waitForEnd()
        }
        let client = try client(server, reconnects: true)
        try client.monitor(tables: ["Bridge": ["name"]])
        #expect(try client.wait(upTo: .seconds(10)) { $0.rows(of: "Bridge").first?["name"] == Datum("1.1999") })
    }

    @Test(arguments: [
        "garbage", "{\"id\":0}", "{\"id\":7,\"result\":\"x\"}", "{\"id\":0,\"result\":[1],\"error\":null}",
    ])
    func `a control socket that answers nonsense`(text: String) throws {
        let server = try ScriptedServer { _, peer in
            _ = try peer.read()
            try peer.write(text)
            try peer.waitForEnd()
        }
        let error = try #require(throws: OVSDBError.self) { try ControlSocket(path: server.path).call("version") }
        #expect(error.code == .protocolViolation && error.operation == "run version", "\(error)")
    }

    @Test func `a control socket that says nothing, or ends`() throws {
        let silent = try ScriptedServer { _, peer in try peer.waitForEnd() }
        let error = try #require(throws: OVSDBError.self) {
            try ControlSocket(path: silent.path).call("version", timeout: .milliseconds(80))
        }
        #expect(error.code == .timeout)
        let ending = try ScriptedServer { _, peer in _ = try peer.read() }
        #expect(
            try #require(throws: OVSDBError.self) { try ControlSocket(path: ending.path).call("version") }.code
                == .connection(errno: nil))
    }

    // MARK: A byte at a time

    /// Sends a text with pauses: what is waited for comes, but never in time.
    private static func dribble(_ text: String, _ peer: ScriptedServer.Peer) throws {
        for byte in text.utf8 {
            try peer.write([byte])
            ThisProcess.pause(milliseconds: 20)
        }
    }

    private static func schemaReply(_ peer: ScriptedServer.Peer) throws -> String {
        Transcript.schema.replacing("\"id\":1,", with: "\"id\":\(peer.text(try peer.expect("get_schema"))),")
    }

    @Test func `a schema that comes a byte at a time is waited for as long as any`() throws {
        let server = try ScriptedServer { _, peer in try Self.dribble(try Self.schemaReply(peer), peer) }
        let begin = ContinuousClock.now
        let error = try failure(of: client(server, timeout: .milliseconds(300)))
        #expect(error.code == .timeout)
        #expect(.now - begin < .seconds(3))
    }

    @Test(arguments: ["monitor", "transact"])
    func `an answer that comes a byte at a time is waited for as long as any`(what: String) throws {
        let server = try ScriptedServer { _, peer in
            try peer.write(try Self.schemaReply(peer))
            let id = peer.text(try peer.read()["id"] ?? .null)
            try Self.dribble(#"{"id":\#(id),"result":["# + String(repeating: " ", count: 1000), peer)
        }
        let client = try client(server, timeout: .milliseconds(300))
        try client.connect()
        let begin = ContinuousClock.now
        let error = #expect(throws: OVSDBError.self) {
            if what == "monitor" {
                try client.monitor(tables: ["Bridge": ["name"]])
            } else {
                _ = try client.transact([.delete(table: "Bridge", where: [])])
            }
        }
        #expect(error?.code == .timeout)
        #expect(.now - begin < .seconds(3))
    }

    @Test func `all calls together wait no longer than there is patience`()
        throws
    {
        let server = try ScriptedServer { _, peer in
            try peer.write(try Self.schemaReply(peer))
            try peer.waitForEnd()
        }
        let client = OVSDBClient(
            try OVSDBTarget(parsing: server.target), on: try EventLoop(),
            configuration: OVSDBClient.Configuration(
                requestTimeout: .milliseconds(200), patience: .milliseconds(500)))
        let begin = ContinuousClock.now
        for _ in 0..<50 {
            let error = #expect(throws: OVSDBError.self) { try client.transact([.delete(table: "Bridge", where: [])]) }
            #expect(error?.code == .timeout)
        }
        #expect(.now - begin < .seconds(5))
        let last = #expect(throws: OVSDBError.self) { try client.transact([.delete(table: "Bridge", where: [])]) }
        #expect(last?.details.contains("too long, all together") == true)
    }

    @Test func `a daemon that answers a byte at a time is waited for as long as any`() throws {
        let server = try ScriptedServer { index, peer in
            _ = try peer.read()
            let beginning = #"{"id":0,"error":null,"result":""#
            if index == 0 {
                try Self.dribble(beginning + String(repeating: "x", count: 1000), peer)
            } else {
                // Without end.
                try peer.write(beginning)
                while true { try peer.write(String(repeating: "x", count: 512)) }
            }
        }
        for _ in 0..<2 {
            let begin = ContinuousClock.now
            let error = #expect(throws: OVSDBError.self) {
                try ControlSocket(path: server.path).call("version", timeout: .milliseconds(300))
            }
            #expect(error?.code == .timeout || error?.code == .protocolViolation, "\(String(describing: error))")
            #expect(.now - begin < .seconds(3))
        }
    }
}
