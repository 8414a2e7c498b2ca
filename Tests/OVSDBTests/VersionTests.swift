import LinuxSystem
import OVSDB
import OVSDBTransport
import ScriptedServer
import Testing

/// Servers with older and newer schemas, and with clusters.
@Suite(.enabled(if: Requirement.isServerThere, "ovsdb-server, ovsdb-tool and ovsdb-client aren't installed"))
struct VersionTests {
    /// The switch's schema with a piece of a table's columns taken out or put in.
    private static let filter = #""filter":{"type":{"key":"string","min":0,"max":1}},"#
    private static let newer = switchSchema.replacing(#""snaplen": {"#, with: filter + #""snaplen": {"#)
        .replacing("8.3.1", with: "8.8.0").replacing("3012963480 26720", with: "1 1")
    private static let older = switchSchema.replacing(#""snaplen": {"#, with: #""snap": {"#)
        .replacing(#""rstp_enable": {"#, with: #""rstp": {"#).replacing("8.3.1", with: "7.0.0")
        .replacing("3012963480 26720", with: "1 1")

    private func makeMirror(_ client: OVSDBClient, _ columns: [String: Datum]) throws {
        try client.transact([
            .insert(table: "Mirror", row: ["name": Datum("m")].merging(columns) { $1 }, name: "m"),
            .insert(table: "Bridge", row: ["name": Datum("b"), "mirrors": Datum(Atom.newRow("m"))], name: "b"),
            .insert(table: "Open_vSwitch", row: ["bridges": Datum(Atom.newRow("b"))], name: nil),
        ])
    }

    @Test func `an old schema leaves fields nil`() throws {
        let server = try PrivateServer(schema: Self.older)
        let client = try server.client()
        try client.monitor([BridgeRow.self, MirrorRow.self])
        try makeMirror(client, [:])
        #expect(client.replica.rows(MirrorRow.self).first?.snaplen == nil)
        #expect(client.replica.rows(BridgeRow.self).first?.rstpEnabled == nil)
        #expect(!client.replica.has("snaplen", of: "Mirror") && client.replica.has("name", of: "Mirror"))
        let error = try #require(throws: OVSDBError.self) { try makeMirror(client, ["snaplen": Datum(64)]) }
        #expect(error.code == .noColumn(table: "Mirror", column: "snaplen"))
    }

    @Test func `a new schema has the filter`() throws {
        let server = try PrivateServer(schema: Self.newer)
        let client = try server.client()
        try client.monitor([MirrorRow.self])
        try makeMirror(client, ["snaplen": Datum(64), "filter": Datum("icmp")])
        let mirror = try #require(client.replica.rows(MirrorRow.self).first)
        #expect(mirror.snaplen == 64 && mirror.filter == "icmp")
    }

    @Test func `a database that gets another schema under the client`() throws {
        let server = try PrivateServer()
        let client = try server.client()
        try client.monitor([MirrorRow.self])
        try makeMirror(client, [:])
        #expect(!client.replica.has("filter", of: "Mirror"))
        try Files.write(Array(Self.newer.utf8), to: "\(server.directory)/new")
        try PrivateServer.run(["ovsdb-client", "convert", server.unix, "\(server.directory)/new"])
        #expect(try client.wait(upTo: .seconds(10)) { $0.has("filter", of: "Mirror") })
        #expect(client.replica.count(of: "Mirror") == 1 && client.replica.schema.version == "8.8.0")
    }

    @Test func `a cluster's leader is used, and its monitor goes on where it was`() throws {
        let server = try PrivateServer(arguments: ["--remote=ptcp:0:127.0.0.1"], isCluster: true)
        try PrivateServer.run(["ovsdb-client", "wait", server.unix, "Open_vSwitch", "connected"])
        let client = try server.client("tcp:127.0.0.1:\(try #require(try server.ports().first))")
        try client.monitor([OpenVSwitchRow.self, BridgeRow.self, MirrorRow.self])
        try makeMirror(client, [:])
        let root = try client.root()
        for number in 1...3 {
            // Breaks all connections.
            _ = try server.control.call("ovsdb-server/reconnect")
            let other = try server.client()
            try other.transact([
                .update(table: "Open_vSwitch", where: [.row(root)], row: ["cur_cfg": Datum(Int64(number))])
            ])
            #expect(
                try client.wait(upTo: .seconds(10)) {
                    $0.rows(OpenVSwitchRow.self).first?.currentConfiguration == Int64(number)
                })
            #expect(client.replica.count(of: "Mirror") == 1)
        }
    }
}
