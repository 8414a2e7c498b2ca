import LinuxSystem
import OVSDB
import OVSDBTransport
import Testing

@Suite(
    .enabled(
        if: Requirement.isServerThere && (Requirement.isCI || Requirement.tool("openssl").isMet),
        "ovsdb-server and openssl aren't installed"))
struct TLSTests {
    /// Two authorities, a server's and a client's certificate of the first, and a stranger's of the second.
    private final class Certificates {
        let directory: String

        init() throws {
            directory = try Files.makeTemporaryDirectory("ovsdb-tests")
            for authority in ["ca", "otherca"] {
                try run(
                    "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                    "30",
                    "-subj", "/CN=\(authority)", "-keyout", file("\(authority).key"), "-out", file("\(authority).crt"))
            }
            // The name is no server's: Open vSwitch doesn't look at it.
            for (name, authority) in [("server", "ca"), ("client", "ca"), ("stranger", "otherca")] {
                try run(
                    "req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-subj",
                    "/CN=\(name)",
                    "-keyout", file("\(name).key"), "-out", file("\(name).csr"))
                try run(
                    "x509", "-req", "-in", file("\(name).csr"), "-CA", file("\(authority).crt"), "-CAkey",
                    file("\(authority).key"), "-CAcreateserial", "-days", "30", "-out", file("\(name).crt"))
            }
        }

        deinit { try? Files.removeTree(directory) }

        func file(_ name: String) -> String { "\(directory)/\(name)" }
        private func run(_ arguments: String...) throws { try PrivateServer.run(["openssl"] + arguments) }

        func server() throws -> PrivateServer {
            try PrivateServer(arguments: [
                "--remote=pssl:0:127.0.0.1", "--private-key=\(file("server.key"))",
                "--certificate=\(file("server.crt"))", "--ca-cert=\(file("ca.crt"))",
            ])
        }

        func files(_ name: String, authority: String = "ca.crt", key: String? = nil) -> TLSFiles {
            TLSFiles(
                certificateAuthority: file(authority), certificate: file("\(name).crt"),
                privateKey: file(key ?? "\(name).key"))
        }
    }

    @Test func `a server and a client of the same authority talk, others don't`() throws {
        let certificates = try Certificates()
        let server = try certificates.server()
        let target = "ssl:localhost:\(try #require(try server.ports().first))"
        let client = try server.client(target, tls: certificates.files("client"))
        try client.monitor([OpenVSwitchRow.self])
        _ = try client.root()
        #expect(client.replica.count(of: "Open_vSwitch") == 1)

        func failure(_ files: TLSFiles?) throws -> OVSDBError {
            let client = try server.client(target, tls: files)
            return try #require(throws: OVSDBError.self) { try client.connect() }
        }
        let mistrusted = try failure(certificates.files("client", authority: "otherca.crt"))
        #expect(mistrusted.code == .tls && mistrusted.details.contains("isn't signed by the certificate authority"))
        let refused = try failure(certificates.files("stranger"))
        #expect(refused.code == .tls, "\(refused)")
        #expect(try failure(nil).details.contains("ssl: wants the files"))

        let missing = try failure(
            TLSFiles(certificateAuthority: "/nowhere.pem", certificate: "", privateKey: ""))
        #expect(
            missing.description == "can't use the certificate authority on /nowhere.pem: TLS: there is no such file")
        let noCertificate = try failure(certificates.files("client", authority: "ca.key"))
        #expect(noCertificate.details == "it has no certificate in PEM" && noCertificate.object.hasSuffix("/ca.key"))
        let noKey = try failure(certificates.files("client", key: "client.crt"))
        #expect(noKey.details.contains("no private key in PEM") && noKey.object.hasSuffix("/client.crt"))
        let otherKey = try failure(certificates.files("client", key: "server.key"))
        #expect(otherKey.details.contains("it isn't the key of") && otherKey.object.hasSuffix("/server.key"))
    }

    @Test func `a server without TLS is told apart`() throws {
        let certificates = try Certificates()
        let server = try PrivateServer(arguments: ["--remote=ptcp:0:127.0.0.1"])
        let client = try server.client(
            "ssl:127.0.0.1:\(try #require(try server.ports().first))", tls: certificates.files("client"))
        let error = try #require(throws: OVSDBError.self) { try client.connect() }
        #expect(error.code == .tls && error.details.contains("does it speak TLS"), "\(error)")
    }
}
