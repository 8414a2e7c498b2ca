import EventLoop
import Glibc
import LinuxSystem
import OVSDB
import OVSDBTransport
import ScriptedServer
import Testing

/// Real servers, and what a client makes of their certificates and they of its.
@Suite(.enabled(if: Requirement.isTLSThere, "ovsdb-server and openssl aren't installed"))
struct TLSTests {
    private let certificates: Certificates

    init() throws { certificates = try Certificates() }

    private func target(_ server: PrivateServer, host: String = "127.0.0.1") throws -> String {
        "ssl:\(host):\(try #require(try server.ports().first))"
    }

    private func failure(_ server: PrivateServer, _ files: TLSFiles?, host: String = "127.0.0.1") throws -> OVSDBError {
        let client = try server.client(try target(server, host: host), tls: files)
        return try #require(throws: OVSDBError.self) { try client.connect() }
    }

    @Test(arguments: ["127.0.0.1", "localhost"])
    func `a server and a client of the same authority talk`(host: String) throws {
        let server = try certificates.server()
        let client = try server.client(try target(server, host: host), tls: certificates.files())
        try client.monitor([OpenVSwitchRow.self])
        _ = try client.root()
        #expect(client.replica.count(of: "Open_vSwitch") == 1)
    }

    @Test func `an expired certificate is refused`() throws {
        let error = try failure(try certificates.server("expired"), certificates.files())
        #expect(error.code == .tls)
        #expect(
            error.details
                == "the server's certificate isn't accepted (certificate has expired): the server needs a new one, "
                + "or this machine's clock is wrong")
    }

    @Test func `a certificate of an authority that isn't the one that is trusted is refused`() throws {
        let server = try certificates.server()
        let error = try failure(server, certificates.files(authority: "otherca.crt"))
        #expect(error.code == .tls)
        #expect(
            error.details.hasSuffix(
                "it isn't signed by the certificate authority in \(certificates.file("otherca.crt")); --ca-cert names the "
                    + "server's"), "\(error)")
        // One that vouches for itself, too.
        let own = try failure(try certificates.server("self"), certificates.files())
        #expect(own.code == .tls && own.details.contains("it isn't signed by the certificate authority in"), "\(own)")
    }

    @Test func `a certificate for another name is refused, and the error says for which it is`() throws {
        let server = try certificates.server("uuid")
        let error = try failure(server, certificates.files(), host: "localhost")
        #expect(
            error.details
                == "the server's certificate is for '\(Certificates.uuid)', not for 'localhost'; if it is the right server, say "
                + "which name to expect, such as --server-name '\(Certificates.uuid)'")
        let nameless = try failure(try certificates.server("client"), certificates.files())
        #expect(
            nameless.details.hasPrefix("the server's certificate is for 'client', not for '127.0.0.1';"), "\(nameless)")
        // As the common name, an address doesn't count.
        let common = try failure(try certificates.server("127.0.0.1"), certificates.files())
        #expect(
            common.details
                == "the server's certificate has the address '127.0.0.1' as its common name, where none counts: have one made "
                + "with it in subjectAltName (IP:127.0.0.1)")
        let several = try failure(server, certificates.files(serverNames: ["a.example", "127.0.0.1"]))
        #expect(several.details.contains("not for 'a.example' or '127.0.0.1';"))
    }

    @Test func `a server's name that is said stands in for the host`() throws {
        let server = try certificates.server("uuid")
        for names in [[Certificates.uuid], ["10.0.0.1", "other.example", Certificates.uuid]] {
            let client = try server.client(try target(server), tls: certificates.files(serverNames: names))
            try client.connect()
        }
        // The host itself doesn't count then.
        let error = try failure(try certificates.server(), certificates.files(serverNames: [Certificates.uuid]))
        #expect(error.details.contains("is for 'localhost', '127.0.0.1', not for '\(Certificates.uuid)';"))
    }

    @Test func `a client's certificate that the server doesn't accept is named`() throws {
        let error = try failure(try certificates.server(), certificates.files("stranger"))
        #expect(error.code == .tls)
        #expect(error.details.contains("alert unknown ca"), "\(error)")
        #expect(error.details.contains("the server doesn't accept \(certificates.file("stranger.crt")):"), "\(error)")
    }

    @Test func `files that aren't what they should be are named`() throws {
        let server = try certificates.server()
        #expect(try failure(server, nil).details == "ssl: needs --private-key, --certificate and --ca-cert")
        let missing = try failure(
            server, TLSFiles(certificateAuthority: "/nowhere.pem", certificate: "", privateKey: ""))
        #expect(
            missing.description == "can't use the certificate authority /nowhere.pem: TLS: there is no such file")
        let noCertificate = try failure(server, certificates.files(authority: "ca.key"))
        #expect(noCertificate.details == "it has no certificate in PEM" && noCertificate.object.hasSuffix("/ca.key"))
        let authorities = certificates.file("authorities.pem")
        let whole = try #require(try Files.read(certificates.file("ca.crt")))
        try Files.write(whole + whole.prefix(200) + whole.suffix(200), to: authorities)
        let damaged = try failure(server, certificates.files(authority: "authorities.pem"))
        #expect(damaged.object == authorities && damaged.details.hasPrefix("certificate 2 is damaged: "), "\(damaged)")
        let noKey = try failure(server, certificates.files(key: "client.crt"))
        #expect(noKey.details.contains("no private key in PEM") && noKey.object.hasSuffix("/client.crt"))
        let otherKey = try failure(server, certificates.files(key: "server.key"))
        #expect(otherKey.details.contains("it isn't the key of") && otherKey.object.hasSuffix("/server.key"))
    }

    @Test func `TLS below 1.2 is refused, also where the machine's OpenSSL would take it`() throws {
        let lax = certificates.file("lax.cnf")
        let settings = """
            openssl_conf = a
            [a]
            ssl_conf = b
            [b]
            system_default = c
            [c]
            MinProtocol = TLSv1
            CipherString = DEFAULT@SECLEVEL=0
            """
        try Files.write(Array(settings.utf8), to: lax)
        let server = try certificates.server(
            "server", ["--ssl-protocols=TLSv1.1", "--ssl-ciphers=DEFAULT@SECLEVEL=0"],
            environment: ["OPENSSL_CONF=\(lax)"])
        let port = try #require(try server.ports().first)
        // The server talks TLS 1.1 with who wants it.
        let witness = try Output(
            of: [
                "env", "OPENSSL_CONF=\(lax)", "openssl", "s_client", "-tls1_1", "-connect", "127.0.0.1:\(port)",
                "-CAfile",
                certificates.file("ca.crt"), "-cert", certificates.file("client.crt"), "-key",
                certificates.file("client.key"),
            ])
        #expect(witness.text.contains("Verify return code: 0 (ok)"), "\(witness.text)")
        // OpenSSL reads its settings once, so another process is asked.
        let program = try #require(builtProgram("portmirror"), "the program isn't built")
        let refused = try Output(
            of: [
                "env", "OPENSSL_CONF=\(lax)", "PORTMIRROR_CONFIG_DIR=\(server.directory)", program, "list", "--db",
                "ssl:127.0.0.1:\(port)", "--private-key", certificates.file("client.key"), "--certificate",
                certificates.file("client.crt"), "--ca-cert", certificates.file("ca.crt"),
            ])
        #expect(refused.status == 1, "\(refused.text)")
        #expect(refused.text.contains("TLS 1.2 or later is needed"), "\(refused.text)")
    }

    @Test func `a command takes the name of a server's certificate`() throws {
        let server = try certificates.server("uuid")
        _ = try server.client().root()
        let program = try #require(builtProgram("portmirror"), "the program isn't built")
        func list(_ options: String...) throws -> Output {
            try Output(
                of: [
                    "env", "PORTMIRROR_CONFIG_DIR=\(server.directory)", program, "list", "--db", try target(server),
                    "--private-key", certificates.file("client.key"), "--certificate", certificates.file("client.crt"),
                    "--ca-cert", certificates.file("ca.crt"),
                ] + options)
        }
        let refused = try list()
        #expect(
            refused.status == 1 && refused.text.contains("say which name to expect, such as --server-name"),
            "\(refused.text)")
        // What is wrong is said; whether the server runs isn't asked.
        #expect(!refused.text.contains("look whether"), "\(refused.text)")
        let taken = try list("--server-name", "10.0.0.1", "--server-name", Certificates.uuid)
        #expect(taken.status == 0, "\(taken.text)")
    }

    // MARK: Beginnings and ends

    @Test func `TLS that comes a byte at a time is TLS`() throws {
        let server = try certificates.server()
        let relay = try ScriptedServer.relay(toPort: try #require(try server.ports().first), step: 1)
        let client = try server.client("ssl:127.0.0.1:\(relay.port)", tls: certificates.files())
        try client.monitor([OpenVSwitchRow.self])
        _ = try client.root()
        #expect(client.replica.count(of: "Open_vSwitch") == 1)
    }

    @Test func `a handshake that is cut anywhere is an error`() throws {
        let server = try certificates.server()
        let port = try #require(try server.ports().first)
        for most in stride(from: 0, through: 2000, by: 125) {
            let relay = try ScriptedServer.relay(toPort: port, most: most)
            let client = try server.client("ssl:127.0.0.1:\(relay.port)", tls: certificates.files())
            let error = try #require(throws: OVSDBError.self, "\(most) bytes") { try client.connect() }
            switch error.code {
            case .tls: #expect(error.details.contains("in the middle of the handshake"), "\(error)")
            case .connection: #expect(error.details.contains("the connection ended before TLS did"), "\(error)")
            default: Issue.record("\(most) bytes: \(error)")
            }
        }
    }

    /// A record's header and the beginning of a ServerHello (RFC 8446, sections 5.1 and 4.1.3).
    private static let halfHello: [UInt8] =
        [22, 3, 3, 0, 122, 2, 0, 0, 118, 3, 3] + [UInt8](repeating: 7, count: 20)

    @Test(arguments: [[], halfHello])
    func `a server that stops in the middle of the handshake is waited for no longer than others`(said: [UInt8]) throws
    {
        let server = try ScriptedServer(isLocal: false) { _, peer in
            try peer.write(said)
            try peer.waitForEnd()
        }
        let client = OVSDBClient(
            try OVSDBTarget(parsing: "ssl:127.0.0.1:\(server.port)"), on: try EventLoop(), tls: certificates.files(),
            configuration: OVSDBClient.Configuration(connectTimeout: .milliseconds(200)))
        let begin = ContinuousClock.now
        let error = try #require(throws: OVSDBError.self) { try client.connect() }
        #expect(error.code == .timeout)
        #expect(error.details == "the server didn't finish the TLS handshake within \(Duration.milliseconds(200))")
        #expect(.now - begin < .seconds(5))
    }

    @Test func `a server without TLS is told apart`() throws {
        let server = try PrivateServer(arguments: ["--remote=ptcp:0:127.0.0.1"])
        let plain = try failure(server, certificates.files())
        #expect(plain.code == .tls && plain.details.contains("does it speak TLS"), "\(plain)")
        let rude = try ScriptedServer(isLocal: false) { _, peer in
            try peer.write("HTTP/1.1 400 Bad Request\r\n\r\n")
            try peer.waitForEnd()
        }
        let client = try server.client("ssl:127.0.0.1:\(rude.port)", tls: certificates.files())
        let error = try #require(throws: OVSDBError.self) { try client.connect() }
        #expect(error.code == .tls && error.details.contains("does the server speak TLS on this port?"), "\(error)")
    }

    @Test func `a server that speaks TLS where tcp was said is told apart`() throws {
        let server = try certificates.server()
        let client = try server.client("tcp:127.0.0.1:\(try #require(try server.ports().first))")
        let error = try #require(throws: OVSDBError.self) { try client.connect() }
        #expect(error.details.contains("TLS on this port") && error.details.contains("ssl:"), "\(error)")
        // One that says so, as OpenSSL's own does.
        let alert = try ScriptedServer(isLocal: false) { _, peer in
            try peer.write([21, 3, 1, 0, 2, 2, 10] as [UInt8])
            try peer.waitForEnd()
        }
        let other = try server.client("tcp:127.0.0.1:\(alert.port)")
        let said = try #require(throws: OVSDBError.self) { try other.connect() }
        #expect(said.details == "it speaks TLS on this port: ssl: instead of tcp:", "\(said)")
    }

    @Test func `a dot at the end of a name is the root's, and no part of it`() throws {
        let server = try certificates.server()
        let client = try server.client(try target(server), tls: certificates.files(serverNames: ["localhost."]))
        try client.connect()
    }

    /// Why a client has no connection any more.
    private func loss(_ client: OVSDBClient) throws -> OVSDBError {
        let limit = ContinuousClock.now + .seconds(10)
        while .now < limit {
            if case .reconnecting(_, let error) = client.connectionState { return error }
            _ = try client.wait(upTo: .milliseconds(10)) { _ in false }
        }
        throw OVSDBError(.timeout, operation: "lose", object: "the connection")
    }

    @Test func `a server that is killed cuts TLS off, one that ends doesn't`() throws {
        let server = try certificates.server()
        let client = try server.client(try target(server), tls: certificates.files())
        try client.connect()
        server.kill()
        #expect(try loss(client).details.hasPrefix("the connection ended before TLS did"))
        client.close()
        try server.start()
        let other = try server.client(
            "ssl:127.0.0.1:\(try #require(try server.ports().last))", tls: certificates.files())
        try other.connect()
        _ = try server.control.call("exit")
        #expect(try loss(other).details == "the server closed the connection")
    }

    @Test func `a client that ends says so to the server`() throws {
        let server = try certificates.server()
        let client = try server.client(try target(server), tls: certificates.files())
        try client.connect()
        func sessions() throws -> Bool { try server.control.call("memory/show").contains("sessions:1") }
        #expect(try sessions())
        client.close()
        let limit = ContinuousClock.now + .seconds(10)
        while try sessions(), .now < limit { sched_yield() }
        let log = String(decoding: try Files.read("\(server.directory)/log") ?? [], as: UTF8.self)
        #expect(!log.contains("|WARN|"), "\(log)")
    }
}
