import LinuxSystem
import OVSDBTransport

/// Certificates in PEM, made by openssl(1): `NAME.crt` and `NAME.key` in a directory of their own.
///
/// `ca` and `otherca` are authorities. Of `ca` are `server` (for localhost and 127.0.0.1), `client`, `expired` (as
/// `server`, with its time over) and `uuid` (with a name such as ovs-pki(8) gives); `stranger` is of
/// `otherca`, and `self` is of itself.
final class Certificates: Sendable {
    static let uuid = "sc id:b70fb4f2-81c5-4204-8a45-58189b4af926"
    let directory: String

    init() throws {
        directory = try Files.makeTemporaryDirectory("ovsdb-tests")
        for authority in ["ca", "otherca", "self"] { try makeAuthority(authority) }
        let local = "DNS:localhost,IP:127.0.0.1"
        try make("server", names: local)
        try make("expired", names: local, days: -1)
        try make("uuid", names: "DNS:\(Self.uuid)")
        try make("client")
        try make("127.0.0.1")
        try make("stranger", of: "otherca")
    }

    deinit { try? Files.removeTree(directory) }

    func file(_ name: String) -> String { "\(directory)/\(name)" }

    private static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

    private func makeAuthority(_ name: String) throws {
        try PrivateServer.run(
            ["openssl", "req", "-x509", "-days", "30", "-subj", "/CN=\(name)"] + Self.newKey
                + ["-keyout", file("\(name).key"), "-out", file("\(name).crt")])
    }

    private func make(_ name: String, of authority: String = "ca", names: String? = nil, days: Int = 30) throws {
        try PrivateServer.run(
            ["openssl", "req", "-subj", "/CN=\(name)"] + Self.newKey
                + ["-keyout", file("\(name).key"), "-out", file("\(name).csr")])
        try Files.write(Array((names.map { "subjectAltName=\($0)" } ?? "").utf8), to: file("names"))
        try PrivateServer.run(
            [
                "openssl", "x509", "-req", "-in", file("\(name).csr"), "-CA", file("\(authority).crt"), "-CAkey",
                file("\(authority).key"), "-CAcreateserial", "-days", "\(days)", "-extfile", file("names"), "-out",
                file("\(name).crt"),
            ])
    }

    /// A server that takes clients of `ca`, on a port of 127.0.0.1 that the system chooses.
    func server(_ name: String = "server", _ arguments: [String] = [], environment: [String] = []) throws
        -> PrivateServer
    {
        try PrivateServer(
            arguments: [
                "--remote=pssl:0:127.0.0.1", "--private-key=\(file("\(name).key"))",
                "--certificate=\(file("\(name).crt"))", "--ca-cert=\(file("ca.crt"))",
            ] + arguments, environment: environment)
    }

    func files(
        _ name: String = "client", authority: String = "ca.crt", key: String? = nil, serverNames: [String] = []
    ) -> TLSFiles {
        TLSFiles(
            certificateAuthority: file(authority), certificate: file("\(name).crt"),
            privateKey: file(key ?? "\(name).key"), serverNames: serverNames)
    }
}
