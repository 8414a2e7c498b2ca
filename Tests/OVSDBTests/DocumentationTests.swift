import EventLoop
import LinuxSystem
import OVSDB
import OVSDBTransport
import Testing

/// The examples of docs/reference/ovsdb.md, line by line, so that they compile and run.
@Suite(.enabled(if: Requirement.isServerThere, "ovsdb-server, ovsdb-tool and ovsdb-client aren't installed"))
struct DocumentationTests {
    @Test func `every example of the reference stands in this file`() throws {
        let source = try #require(try Files.read(#filePath)).split(separator: 10).map(Self.trimmed)
        let root = #filePath.split(separator: "/").dropLast(3).joined(separator: "/")
        let reference = try #require(try Files.read("/\(root)/docs/reference/ovsdb.md"))
        var example: [String]?
        var count = 0
        for line in reference.split(separator: 10).map(Self.trimmed) {
            if line == "```swift" {
                example = []
            } else if line == "```", let lines = example {
                count += 1
                let isThere = source.indices.contains { source[$0...].starts(with: lines) }
                #expect(isThere, "not in the tests: \(lines.first ?? "")")
                example = nil
            } else {
                example?.append(line)
            }
        }
        #expect(count == 8)
    }

    private static func trimmed(_ line: ArraySlice<UInt8>) -> String {
        String(decoding: line.drop { $0 == 32 }, as: UTF8.self)
    }

    private func print(_ words: Any..., terminator: String = "\n") {}

    @Test func `in a hurry`() throws {
        let server = try PrivateServer()
        let target = try OVSDBTarget(parsing: server.unix)
        try fill(server)

        let client = OVSDBClient(
            target, on: try EventLoop(), configuration: OVSDBClient.Configuration(tables: ["Open_vSwitch"]))
        try client.begin(monitoring: ["Open_vSwitch": ["next_cfg", "cur_cfg"]])
        try client.monitor(tables: ["Open_vSwitch": ["next_cfg", "cur_cfg"]])
        let done = try client.transact(
            [
                .mutate(table: "Open_vSwitch", where: [], mutations: [Mutation("next_cfg", .add, Datum(1))]),
                .select(table: "Open_vSwitch", where: [], columns: ["next_cfg"]),
            ],
            waiting: .seconds(1),
            until: { results, replica in
                guard case .rows(let rows) = results[1] else { return true }
                let number = rows.first?["next_cfg"]?.integer ?? 0
                return (replica.rows(OpenVSwitchRow.self).first?.currentConfiguration ?? 0) >= number
            })
        if !done.isSettled { print("ovs-vswitchd hasn't acted") }
        #expect(!done.isSettled && done.results.first == .count(1))
    }

    @Test func `looking, changing and waiting`() throws {
        let server = try PrivateServer()
        let target = server.unix
        try fill(server)

        let client = OVSDBClient(try OVSDBTarget(parsing: target), on: try EventLoop())
        try client.monitor([OpenVSwitchRow.self, BridgeRow.self, PortRow.self])
        for bridge in client.replica.rows(BridgeRow.self) {
            let ports = bridge.ports.compactMap { client.replica.row(PortRow.self, $0) }
            print(bridge.name, ports.map(\.name).sorted())
        }

        guard let bridge = client.replica.rows(BridgeRow.self).first(where: { $0.name == "br0" }) else { return }
        try client.transact([
            .wait(
                table: "Bridge", where: [.row(bridge.id)], columns: ["mirrors"], until: .equal,
                rows: [["mirrors": .set(bridge.mirrors)]], timeout: 0),
            .insert(table: "Mirror", row: ["name": Datum("m0"), "select_all": Datum(true)], name: "new"),
            .mutate(
                table: "Bridge", where: [.row(bridge.id)],
                mutations: [Mutation("mirrors", .insert, Datum(Atom.newRow("new")))]),
            .comment("example: mirror everything of br0"),
        ])
        #expect(client.replica.row(BridgeRow.self, bridge.id)?.mirrors.count == 1)

        let daemon = try OwnThread.start { try imitateSwitch(server) }
        let results = try client.transact([
            .mutate(table: "Open_vSwitch", where: [], mutations: [Mutation("next_cfg", .add, Datum(1))]),
            .select(table: "Open_vSwitch", where: [], columns: ["next_cfg"]),
        ])
        guard case .rows(let rows) = results[1], let wanted = rows.first?["next_cfg"]?.integer else { return }
        let isDone = try client.wait(upTo: .seconds(5)) { replica in
            replica.rows(OpenVSwitchRow.self).contains { $0.currentConfiguration >= wanted }
        }
        #expect(isDone && wanted == 1)
        _ = try daemon.wait()
    }

    /// A bridge with three ports.
    private func fill(_ server: PrivateServer) throws {
        let names = ["br0", "vnet0", "vnet1"]
        let ports = names.flatMap { name -> [Operation] in
            [
                .insert(table: "Interface", row: ["name": Datum(name)], name: "i\(name)"),
                .insert(
                    table: "Port", row: ["name": Datum(name), "interfaces": Datum(Atom.newRow("i\(name)"))], name: name),
            ]
        }
        try server.client().transact(
            ports + [
                .insert(
                    table: "Bridge", row: ["name": Datum("br0"), "ports": .set(names.map(Atom.newRow))], name: "bridge"),
                .insert(table: "Open_vSwitch", row: ["bridges": Datum(Atom.newRow("bridge"))], name: nil),
            ])
    }

    /// Does what ovs-vswitchd does with `next_cfg`.
    private func imitateSwitch(_ server: PrivateServer) throws {
        let client = try server.client()
        try client.monitor([OpenVSwitchRow.self])
        _ = try client.wait(upTo: .seconds(5)) { $0.rows(OpenVSwitchRow.self).contains { $0.nextConfiguration == 1 } }
        try client.transact([.update(table: "Open_vSwitch", where: [], row: ["cur_cfg": Datum(1)])])
    }

    struct QueueRow: TypedRow {
        static let table = "Queue"
        static let columns = ["dscp", "other_config"]
        let id: RowID
        let dscp: Int64?
        let maximumRate: String?

        init(_ row: Row) {
            id = row.id
            dscp = row["dscp"]?.integer
            maximumRate = row["other_config"]?.strings["max-rate"]
        }
    }

    @Test func `a table of one's own`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        try client.monitor([QueueRow.self])
        try client.transact([
            .insert(table: "Queue", row: ["dscp": Datum(5), "other_config": .map("max-rate", "7")], name: nil)
        ])
        #expect(client.replica.rows(QueueRow.self).map(\.maximumRate) == ["7"])
    }

    @Test func `files for TLS, which aren't there on most machines`() throws {
        let files = TLSFiles(
            certificateAuthority: "/etc/openvswitch/cacert.pem", certificate: "/etc/openvswitch/cert.pem",
            privateKey: "/etc/openvswitch/privkey.pem")
        let secured = OVSDBClient(
            try OVSDBTarget(parsing: "ssl:10.0.0.1:6640,ssl:10.0.0.2:6640"), on: try EventLoop(), tls: files)
        #expect(secured.connectionState == .idle)
    }

    @Test func `a control socket`() throws {
        let server = try PrivateServer()
        let controlPath = "\(server.directory)/ctl"
        let daemon = ControlSocket(path: controlPath)
        print(try daemon.call("version"), terminator: "")
    }

    /// What a program with a socket of its own has.
    private final class Socket {
        var replies = [
            Transcript.schema,
            #"{"id":2,"result":[false,"x",{"Bridge":{"\#(Transcript.row)":{"initial":{"name":"b"}}}}]}"#,
        ]
        func write(_ bytes: [UInt8]) {}
        func read() -> [UInt8] { replies.isEmpty ? [] : Array(replies.removeFirst().utf8) }
    }

    private func snapshot(_ socket: Socket) throws -> Replica? {
        var session = OVSDBSession(OVSDBSession.Settings(database: "Open_vSwitch", server: "my server"))
        var actions = session.connected(at: .now) + session.monitor(["Bridge": ["name"]])
        while !actions.isEmpty {
            switch actions.removeFirst() {
            case .send(let bytes), .answer(let bytes): socket.write(bytes)
            case .disconnect(let error): throw error
            case .monitoring: return session.replica
            case .ready, .changed, .finished, .monitorRefused: break
            }
            if actions.isEmpty { actions = session.receive(socket.read(), at: .now) }
        }
        return nil
    }

    @Test func `a session on a socket of one's own`() throws {
        #expect(try snapshot(Socket())?.rows(BridgeRow.self).map(\.name) == ["b"])
    }
}
