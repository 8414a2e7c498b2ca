import EventLoop
import Failure
import Glibc
import LinuxSystem
import OVSDB
import OVSDBTransport
import Testing

/// Against Open vSwitch's own server.
@Suite(.enabled(if: Requirement.isServerThere, "ovsdb-server, ovsdb-tool and ovsdb-client aren't installed"))
struct RealServerTests {
    private static let rows: [any TypedRow.Type] = [
        OpenVSwitchRow.self, BridgeRow.self, PortRow.self, InterfaceRow.self, MirrorRow.self,
    ]

    private func bridge(_ name: String, of root: RowID) -> [Operation] {
        [
            .insert(table: "Interface", row: ["name": Datum(name), "type": Datum("internal")], name: "interface"),
            .insert(
                table: "Port", row: ["name": Datum(name), "interfaces": Datum(Atom.newRow("interface"))], name: "port"),
            .insert(table: "Bridge", row: ["name": Datum(name), "ports": Datum(Atom.newRow("port"))], name: "bridge"),
            .mutate(
                table: "Open_vSwitch", where: [.row(root)],
                mutations: [Mutation("bridges", .insert, Datum(Atom.newRow("bridge")))]),
        ]
    }

    @Test func `a bridge with a port and a mirror is made, seen and taken away`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        try client.connect()
        #expect(try client.schema.name == "Open_vSwitch")
        try client.monitor(Self.rows)
        let root = try client.root()
        let results = try client.transact(bridge("br0", of: root) + [.comment("tests")])
        #expect(results.count == 5 && results.last == .empty && results[3] == .count(1))
        // The update came before the reply: no wait is needed.
        let bridge = try #require(client.replica.rows(BridgeRow.self).first)
        let port = try #require(client.replica.rows(PortRow.self).first)
        #expect(bridge.name == "br0" && bridge.ports == [port.id] && !bridge.stpEnabled && bridge.rstpEnabled == false)
        #expect(port.tag == nil && port.cvlans == [] && port.protected == false)
        #expect(client.replica.row(InterfaceRow.self, try #require(port.interfaces.first))?.type == "internal")
        try client.transact([
            .insert(
                table: "Mirror",
                row: [
                    "name": Datum("m"), "select_src_port": Datum(port.id), "output_vlan": Datum(7),
                    "select_vlan": .set([Int64(1), 2, 3]), "external_ids": .map(["portmirror": "m", "x": "y"]),
                ], name: "m"),
            .mutate(
                table: "Bridge", where: [.row(bridge.id)],
                mutations: [Mutation("mirrors", .insert, Datum(Atom.newRow("m")))]),
        ])
        let mirror = try #require(client.replica.rows(MirrorRow.self).first)
        #expect(mirror.sourcePorts == [port.id] && mirror.vlans == [1, 2, 3] && mirror.outputVLAN == 7)
        #expect(mirror.externalIDs == ["portmirror": "m", "x": "y"] && mirror.filter == nil && mirror.snaplen == nil)
        try client.transact([
            .mutate(
                table: "Mirror", where: [.row(mirror.id)],
                mutations: [
                    Mutation("select_vlan", .delete, .set([Int64(1), 3])),
                    Mutation("external_ids", .delete, .set([Atom.string("x")])),
                ])
        ])
        #expect(client.replica.row(MirrorRow.self, mirror.id)?.vlans == [2])
        #expect(client.replica.row(MirrorRow.self, mirror.id)?.externalIDs == ["portmirror": "m"])
        try client.transact([
            .mutate(
                table: "Bridge", where: [.row(bridge.id)], mutations: [Mutation("mirrors", .delete, Datum(mirror.id))])
        ])
        // Nothing refers to it any more.
        #expect(client.replica.rows(MirrorRow.self).isEmpty)
    }

    @Test func `a select reads what isn't monitored`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        let root = try client.root()
        let results = try client.transact([.select(table: "Open_vSwitch", where: [.row(root)], columns: nil)])
        guard case .rows(let rows) = results.first else {
            Issue.record("\(results)")
            return
        }
        #expect(rows.first?["_uuid"] == Datum(root) && rows.first?["cur_cfg"] == Datum(0))
    }

    @Test func `a guard that doesn't hold changes nothing`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        try client.monitor(Self.rows)
        let root = try client.root()
        func raise(from old: Int64) throws {
            try client.transact([
                .wait(
                    table: "Open_vSwitch", where: [.row(root)], columns: ["next_cfg"], until: .equal,
                    rows: [["next_cfg": Datum(old)]], timeout: 0),
                .update(table: "Open_vSwitch", where: [.row(root)], row: ["next_cfg": Datum(old + 1)]),
            ])
        }
        try raise(from: 0)
        let error = try #require(throws: OVSDBError.self) { try raise(from: 0) }
        #expect(error.kind == .stale && client.replica.rows(OpenVSwitchRow.self).first?.nextConfiguration == 1)
    }

    @Test func `what the server refuses is told in its words`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        let root = try client.root()
        func failure(_ operations: [Operation]) throws -> OVSDBError {
            try #require(throws: OVSDBError.self) { try client.transact(operations) }
        }
        let dangling = try failure([
            .update(table: "Open_vSwitch", where: [.row(root)], row: ["bridges": Datum(RowID.random())])
        ])
        #expect(dangling.code == .commit("referential integrity violation"))
        let second = try failure([.insert(table: "Open_vSwitch", row: [:], name: nil)])
        #expect(second.code == .commit("constraint violation"))
        let wrong = try failure([
            .comment("x"),
            .insert(table: "Bridge", row: ["name": Datum("b"), "flood_vlans": Datum(5000)], name: nil),
        ])
        #expect(wrong.code == .operation(index: 1, "constraint violation"))
        #expect(try failure([.abort]).code == .operation(index: 0, "aborted"))
        let table = try failure([.delete(table: "Nix", where: [])])
        #expect(
            table.code == .operation(index: 0, "syntax error") || table.code == .operation(index: 0, "unknown table"))
        #expect(
            try failure([.update(table: "Bridge", where: [], row: ["nix": Datum(1)])]).code
                == .noColumn(table: "Bridge", column: "nix"))
        // The connection took no harm.
        try client.transact([.comment("still there")])
    }

    @Test func `a database that isn't there`() throws {
        let server = try PrivateServer()
        let client = OVSDBClient(
            try OVSDBTarget(parsing: server.unix), on: try EventLoop(), database: "OVN_Southbound")
        let error = try #require(throws: OVSDBError.self) { try client.connect() }
        #expect(error.code == .noDatabase && error.description.contains("OVN_Southbound"))
    }

    @Test func `a server that isn't there is told at once`() throws {
        let client = OVSDBClient(try OVSDBTarget(parsing: "unix:/nowhere/db.sock"), on: try EventLoop())
        let error = try #require(throws: OVSDBError.self) { try client.connect() }
        #expect(error.code == .connection(errno: 2) && error.details.contains("is ovsdb-server running?"))
        let other = OVSDBClient(
            try OVSDBTarget(parsing: "tcp:127.0.0.1:1,unix:/nowhere/db.sock"), on: try EventLoop())
        #expect(try #require(throws: OVSDBError.self) { try other.connect() }.object.contains("tcp:127.0.0.1:1"))
        #expect(throws: OVSDBError.self) { try client.transact([.comment("x")]) }
    }

    @Test func `over TCP, and past a server that is down`() throws {
        let server = try PrivateServer(arguments: ["--remote=ptcp:0:127.0.0.1"])
        let port = try #require(try server.ports().first)
        let client = try server.client("unix:\(server.directory)/nobody,tcp:127.0.0.1:\(port)")
        try client.monitor(Self.rows)
        #expect(client.connectionState == .connected(to: .tcp(host: "127.0.0.1", port: port)))
        _ = try client.root()
        #expect(client.replica.count(of: "Open_vSwitch") == 1)
        let named = try server.client("tcp:localhost:\(port)")
        try named.connect()
    }

    @Test func `after kill -9 and a restart the replica is right again`()
        throws
    {
        let server = try PrivateServer()
        let client = try server.client()
        try client.monitor(Self.rows)
        let root = try client.root()
        try client.transact(bridge("br0", of: root))
        server.kill()
        // The loss may be noticed first by this call or by the event loop.
        let error = try #require(throws: OVSDBError.self) {
            while true { try client.transact([.comment("x")]) }
        }
        guard case .connection = error.code else {
            Issue.record("\(error)")
            return
        }
        #expect(client.replica.count(of: "Bridge") == 1)
        try server.start()
        // Somebody else changes it before the client is back.
        let other = try server.client()
        try other.connect()
        try other.transact(bridge("br1", of: root))
        #expect(try client.wait(upTo: .seconds(10)) { $0.count(of: "Bridge") == 2 })
        #expect(Set(client.replica.rows(BridgeRow.self).map(\.name)) == ["br0", "br1"])
        try client.transact([.comment("back")])
    }

    @Test func `compaction is nothing to a client`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        try client.monitor(Self.rows)
        let root = try client.root()
        for number in 0..<20 {
            try client.transact([
                .update(table: "Open_vSwitch", where: [.row(root)], row: ["cur_cfg": Datum(Int64(number))])
            ])
            if number % 5 == 0 { _ = try server.control.call("ovsdb-server/compact") }
        }
        #expect(client.replica.rows(OpenVSwitchRow.self).first?.currentConfiguration == 19)
    }

    @Test func `two clients that interleave a thousand changes see the same in the end`() throws {
        let server = try PrivateServer()
        let clients = [try server.client(), try server.client()]
        for client in clients { try client.monitor(Self.rows) }
        let root = try clients[0].root()
        let threads = try (0..<2).map { place in
            try OwnThread.start {
                let client = try server.client()
                for number in 0..<500 {
                    try client.transact([
                        .mutate(
                            table: "Open_vSwitch", where: [.row(root)],
                            mutations: [
                                Mutation("cur_cfg", .add, Datum(1)),
                                Mutation("external_ids", .delete, .set([Atom.string("k\(number % 50)")])),
                                Mutation("external_ids", .insert, .map("k\(number % 50)", "\(place).\(number)")),
                                Mutation("external_ids", .insert, .map("own\(place).\(number % 7)", "x")),
                            ])
                    ])
                }
            }
        }
        for thread in threads { try thread.wait() }
        for client in clients {
            #expect(
                try client.wait(upTo: .seconds(10)) {
                    $0.rows(OpenVSwitchRow.self).first?.currentConfiguration == 1000
                })
        }
        let results = try clients[0].transact([.select(table: "Open_vSwitch", where: [], columns: ["external_ids"])])
        guard case .rows(let rows) = results.first else { return }
        for client in clients {
            #expect(client.replica.row(root, of: "Open_vSwitch")?["external_ids"] == rows.first?["external_ids"])
        }
    }

    @Test func `an action of the loop that waits for the server is told that it can't`() throws {
        let server = try PrivateServer()
        let loop = try EventLoop()
        let client = OVSDBClient(try OVSDBTarget(parsing: server.unix), on: loop)
        try client.connect()
        var failure: OVSDBError?
        let timer = loop.after(.zero) {
            do throws(OVSDBError) { try client.transact([.comment("x")]) } catch { failure = error }
        }
        #expect(try loop.run(until: .now + .seconds(10)) { failure != nil })
        #expect(failure?.code == .cancelled && failure?.details.contains("its own actions") == true)
        try client.transact([.comment("y")])
        withExtendedLifetime(timer) {}
    }

    @Test func `clients share a loop`() throws {
        let server = try PrivateServer()
        let loop = try EventLoop()
        let target = try OVSDBTarget(parsing: server.unix)
        let clients = (0..<8).map { _ in OVSDBClient(target, on: loop) }
        for client in clients { try client.begin(monitoring: ["Open_vSwitch": ["cur_cfg"]]) }
        let root = try clients[0].root()
        for number in 1...20 {
            let row = ["cur_cfg": Datum(Int64(number))]
            try clients[number % 8].transact([.update(table: "Open_vSwitch", where: [.row(root)], row: row)])
        }
        for client in clients {
            #expect(try client.wait(upTo: .seconds(10)) { $0.row(root, of: "Open_vSwitch")?["cur_cfg"] == Datum(20) })
        }
    }

    @Test func `a wait ends when somebody else makes it come true, or when the time is up`() throws {
        let server = try PrivateServer()
        let (client, other) = (try server.client(), try server.client())
        try client.monitor(Self.rows)
        let root = try other.root()
        let thread = try OwnThread.start {
            let client = try server.client()
            try client.monitor(Self.rows)
            return try client.wait(upTo: .seconds(10)) {
                $0.rows(OpenVSwitchRow.self).first?.currentConfiguration == 3
            }
        }
        for number in 1...3 {
            try other.transact([
                .update(table: "Open_vSwitch", where: [.row(root)], row: ["cur_cfg": Datum(Int64(number))])
            ])
        }
        #expect(try thread.wait())
        let start = ContinuousClock.now
        #expect(try !client.wait(upTo: .milliseconds(50)) { _ in false })
        #expect(ContinuousClock.now - start >= .milliseconds(50))
    }

    @Test
    func `a transaction waits on for what others do about it, once`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        try client.monitor(Self.rows)
        let root = try client.root()
        func ask(_ number: Int64, waiting limit: Duration, meanwhile: () -> Void = {}) throws -> (Int, Bool) {
            let done = try client.transact(
                [.update(table: "Open_vSwitch", where: [.row(root)], row: ["next_cfg": Datum(number)])],
                waiting: limit,
                until: { results, replica in
                    results == [.count(1)]
                        && replica.rows(OpenVSwitchRow.self).first?.currentConfiguration == number
                }, meanwhile: meanwhile)
            return (done.results.count, done.isSettled)
        }
        // Somebody else acts on it.
        let thread = try OwnThread.start {
            let actor = try server.client()
            try actor.monitor(Self.rows)
            let isAsked = try actor.wait(upTo: .seconds(10)) {
                $0.rows(OpenVSwitchRow.self).first?.nextConfiguration == 7
            }
            try actor.transact([.update(table: "Open_vSwitch", where: [.row(root)], row: ["cur_cfg": Datum(Int64(7))])])
            return isAsked
        }
        var wasDoneMeanwhile = false
        #expect(try ask(7, waiting: .seconds(10)) { wasDoneMeanwhile = true } == (1, true))
        #expect(try thread.wait() && wasDoneMeanwhile)
        // Nobody does: it is carried out, and has not settled.
        let begin = ContinuousClock.now
        #expect(try ask(8, waiting: .milliseconds(50)) == (1, false))
        #expect(.now - begin < .seconds(5))
        // It has settled when it is carried out.
        #expect(try ask(7, waiting: .seconds(10)) == (1, true))
        // A refusal is no matter of waiting.
        #expect(throws: OVSDBError.self) {
            try client.transact([.delete(table: "Nothing", where: [])], waiting: .seconds(10), until: { _, _ in false })
        }
    }

    @Test func `a client notices what happened when it is asked`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        try client.begin(monitoring: ["Open_vSwitch": ["cur_cfg"]])
        try client.monitor(tables: ["Open_vSwitch": ["cur_cfg"]])
        let root = try client.root()
        let other = try server.client()
        try other.transact([.update(table: "Open_vSwitch", where: [.row(root)], row: ["cur_cfg": Datum(Int64(5))])])
        // Nobody waits for it: it is there when it is asked for, as soon as the server has sent it.
        let limit = ContinuousClock.now + .seconds(10)
        while client.replica.row(root, of: "Open_vSwitch")?["cur_cfg"] != Datum(Int64(5)), .now < limit {
            sched_yield()
        }
        #expect(client.replica.row(root, of: "Open_vSwitch")?["cur_cfg"] == Datum(Int64(5)))
        server.kill()
        // Its sockets may go after its lock.
        var isMissed = false
        while !isMissed, .now < limit {
            client.glance()
            if case .reconnecting = client.connectionState { isMissed = true }
        }
        #expect(isMissed)
        try server.start()
        #expect(try client.waitForConnection(upTo: .seconds(10)))
        try client.transact([.comment("back")])
    }

    @Test
    func `a client that is to know some tables knows no others`() throws {
        let server = try PrivateServer()
        let client = try server.client(tables: ["Open_vSwitch", "Bridge", "NoSuchTable"])
        let whole = try server.client()
        let (few, all) = (try client.schema, try whole.schema)
        #expect(Set(few.tables.keys) == ["Open_vSwitch", "Bridge"] && all.tables.count > 10)
        #expect(
            few.tables["Bridge"] == all.tables["Bridge"] && few.tables["Open_vSwitch"] == all.tables["Open_vSwitch"])
        try client.monitor(tables: ["Bridge": ["name"], "Port": ["name"]])
        #expect(client.replica.has("name", of: "Bridge") && !client.replica.has("name", of: "Port"))
        // What has been asked for isn't asked for again; something else is.
        try client.monitor(tables: ["Bridge": ["name"], "Port": ["name"]])
        try client.monitor(tables: ["Bridge": ["name", "ports"]])
        #expect(client.replica.has("ports", of: "Bridge"))
    }

    @Test func `closing ends what waits`() throws {
        let server = try PrivateServer()
        let loop = try EventLoop()
        let client = OVSDBClient(try OVSDBTarget(parsing: server.unix), on: loop)
        try client.connect()
        let timer = loop.after(.milliseconds(1)) { client.close() }
        let begin = ContinuousClock.now
        #expect(throws: OVSDBError.self) { try client.wait(upTo: .seconds(20)) { _ in false } }
        #expect(.now - begin < .seconds(10))
        withExtendedLifetime(timer) {}
        #expect(client.connectionState == .closed)
        #expect(try #require(throws: OVSDBError.self) { try client.connect() }.code == .cancelled)
    }

    @Test func `a control socket takes commands and refuses others`() throws {
        let server = try PrivateServer()
        #expect(try server.control.call("version").contains("ovsdb-server (Open vSwitch)"))
        #expect(try server.control.call("ovsdb-server/list-dbs").contains("Open_vSwitch"))
        #expect(try server.control.call("vlog/set", ["ANY:file:dbg"]) == "")
        let error = try #require(throws: OVSDBError.self) { try server.control.call("revalidator/purge") }
        #expect(
            error.code
                == .server(
                    "\"revalidator/purge\" is not a valid command (use \"list-commands\" to see a list of valid commands)"
                ))
        let nobody = try #require(throws: OVSDBError.self) { try ControlSocket(path: "/nowhere/ctl").call("version") }
        #expect(nobody.code == .connection(errno: 2))
    }

    @Test func `a daemon's control sockets are found, its own first`() throws {
        let directory = try Files.makeTemporaryDirectory("ovsdb-tests")
        defer { try? Files.removeTree(directory) }
        for name in ["ovs-vswitchd.12.ctl", "ovs-vswitchd.7.ctl", "ovsdb-server.3.ctl"] {
            try Files.write([], to: "\(directory)/\(name)")
        }
        try Files.write(Array("7\n".utf8), to: "\(directory)/ovs-vswitchd.pid")
        #expect(
            ControlSocket.daemons(in: directory)
                == ["\(directory)/ovs-vswitchd.7.ctl", "\(directory)/ovs-vswitchd.12.ctl"])
        #expect(ControlSocket.daemons(in: "/nowhere") == [])
    }
}
